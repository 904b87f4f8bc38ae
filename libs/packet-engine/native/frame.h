#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport {

// OpenVPN over TCP: each packet is preceded by its length in 16 bits.
inline constexpr size_t kFrameLengthBytes = 2;

// The longest packet that is taken from a stream: a control packet of 2048 bytes, or an inner packet of as many with
// the largest overhead of a data packet. A longer one means that the stream is out of step.
inline constexpr size_t kMaxFramePacketBytes = 2048 + 29;

// The first frame of what was read of a stream.
struct Frame {
  enum class State : uint8_t { complete, incomplete, invalid };

  State state;
  std::span<uint8_t> packet = {};
};

Frame read_frame(std::span<uint8_t> bytes);

// What a new stream turns out to be. An OpenVPN client begins with a hard reset (opcode 7 or 10, key id 0) of a length
// that TLS and HTTP never resemble.
enum class Beginning : uint8_t { undecided, openvpn, foreign };

Beginning judge_beginning(std::span<const uint8_t> bytes);

}  // namespace sallyport
