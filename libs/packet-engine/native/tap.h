#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "file_descriptor.h"
#include "path.h"
#include "pcapng.h"

namespace sallyport {

// `inner`: the packets inside of the tunnel. `outer`: the sealed ones, in the IP and UDP headers that they travel with.
enum class TapSide : uint8_t { inner, outer };

// What a tap has seen.
struct TapReport {
  uint64_t packets = 0;
  // Of these, those that are not in the file: they came faster than it could be written, or did not fit.
  uint64_t missed = 0;
  uint64_t file_bytes = 0;
};

// Copies the packets of one peer to a pcapng file. Recording never waits for the disk: a thread of its own writes, and
// what comes faster than that is missing from the file, and counted in it.
class Tap {
 public:
  // Packets wait for the disk in as much memory as this.
  static constexpr size_t kBufferBytes = 4 * 1024 * 1024;

  // Writes at most `max_bytes`; the last packets may be missing, the file is whole all the same.
  Tap(FileDescriptor file, TapSide side, uint64_t max_bytes);
  // Waits until the file is complete.
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  // Each keeps what is of its own side.
  void record_inner(Direction direction, std::span<const uint8_t> packet);
  // `path` is the peer's; `packet` is what is in the datagram, or in the frame of a stream.
  void record_outer(Direction direction, const Path& path, std::span<const uint8_t> packet);
  TapReport report() const;

  // To be called when nobody records any more; its thread completes the file, and nobody waits for that.
  void end();
  bool complete() const;

 private:
  void record(Direction direction, std::span<const uint8_t> head, std::span<const uint8_t> rest);
  void write_out();
  bool write(std::span<const uint8_t> bytes);

  const FileDescriptor file_;
  const TapSide side_;
  const uint64_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  bool complete_ = false;
  // The disk has refused.
  bool failed_ = false;
  TapReport report_;
  std::vector<uint8_t> waiting_;
  std::thread writer_;
};

}  // namespace sallyport
