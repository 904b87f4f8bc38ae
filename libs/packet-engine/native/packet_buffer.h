#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport {

// Packets handled between two system calls.
inline constexpr size_t kBatchPackets = 64;

// An odd multiple of a cache line, so that the buffers of a batch do not compete for the same cache sets.
inline constexpr size_t kBufferBytes = 143 * 64;

// The longest inner packet that is carried; a longer one is dropped and counted.
inline constexpr size_t kMaxInnerBytes = 9000;

// Room for whatever stands before and behind a plaintext: header, packet id, tag, compression framing, TCP length.
inline constexpr size_t kHeadRoomBytes = 32;
inline constexpr size_t kTailRoomBytes = 16;
// One byte of room more than is carried tells a packet that was cut from one that just fits.
static_assert(kHeadRoomBytes + kMaxInnerBytes + 1 + kTailRoomBytes <= kBufferBytes);

// A packet inside a buffer of kBufferBytes, which grows at both ends without being moved: by `head` bytes before the
// text. A view: whoever made the buffer owns it.
class PacketBuffer {
 public:
  explicit PacketBuffer(uint8_t* buffer, size_t head = kHeadRoomBytes) : begin_(buffer + head), end_(begin_) {}

  // Where a plaintext is written before `set_text`.
  std::span<uint8_t> room() const { return {begin_, kMaxInnerBytes + 1}; }
  void set_text(size_t bytes) { end_ = begin_ + bytes; }

  std::span<uint8_t> bytes() const { return {begin_, end_}; }
  size_t size() const { return static_cast<size_t>(end_ - begin_); }
  // Both give the bytes that were added; their sums are at most `head` before and kTailRoomBytes behind the text.
  std::span<uint8_t> prepend(size_t bytes) { return {begin_ -= bytes, bytes}; }
  std::span<uint8_t> append(size_t bytes) {
    end_ += bytes;
    return {end_ - bytes, bytes};
  }

 private:
  uint8_t* begin_;
  uint8_t* end_;
};

}  // namespace sallyport
