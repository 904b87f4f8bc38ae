#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace sallyport {

// Frames that a TCP stream could not send at once, in order. Bounded in data packets, which are dropped beyond the
// bound before they are numbered, and in control packets, beyond which the stream is hopeless.
class FrameQueue {
 public:
  enum class Kind : uint8_t { data, control };

  static constexpr size_t kDataFrames = 64;
  static constexpr size_t kControlFrames = 64;

  bool empty() const { return frames_.empty(); }
  // How many more data frames, or control frames, it takes.
  size_t room(Kind kind) const;
  // `bytes` is what remains to be sent of a frame, at least one byte.
  void push(Kind kind, std::span<const uint8_t> bytes);
  // Everything that waits.
  std::span<const uint8_t> bytes() const { return {bytes_.begin() + static_cast<std::ptrdiff_t>(sent_), bytes_.end()}; }
  // Forgets the first `count` bytes.
  void pop(size_t count);

 private:
  struct Waiting {
    Kind kind;
    size_t bytes;
  };

  std::vector<uint8_t> bytes_;
  size_t sent_ = 0;
  std::deque<Waiting> frames_;
  size_t data_frames_ = 0;
  size_t control_frames_ = 0;
};

}  // namespace sallyport
