#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport {

// The longest answer: an IPv6 packet of the least MTU (RFC 4443, 2.4 c).
inline constexpr size_t kTooBigBytes = 1280;

// Writes the ICMP or ICMPv6 message that tells the sender of `packet` to send no more than `mtu` bytes at once, and
// gives its length. It comes from the packet's own destination, as a router in front of it would say it. 0 when none
// may be sent: to IPv4 packets that may be fragmented, later fragments, ICMP errors, and from or to addresses that are
// no single host's (RFC 1122, 3.2.2; RFC 4443, 2.4 e).
size_t write_too_big(std::span<const uint8_t> packet, uint16_t mtu, std::span<uint8_t, kTooBigBytes> out);

}  // namespace sallyport
