#pragma once

#include <cstdint>
#include <span>

namespace sallyport {

// The segment sizes that fit through the tunnel, for TCP over IPv4 and over IPv6; 0 leaves a family alone.
struct SegmentLimit {
  uint16_t ipv4 = 0;
  uint16_t ipv6 = 0;
};

// Lowers the maximum segment size that a SYN or SYN-ACK announces (RFC 9293, 3.7.1) to the limit and keeps its checksum
// as right or wrong as it was; never raises it and leaves every other packet alone. True when something was changed.
bool clamp_segment_size(std::span<uint8_t> packet, const SegmentLimit& limit);

}  // namespace sallyport
