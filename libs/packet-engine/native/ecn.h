#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace sallyport {

// Explicit congestion notification: the two low bits of an IP header's traffic class (RFC 3168, section 5).
enum class Ecn : uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

inline Ecn ecn_of(unsigned traffic_class) { return static_cast<Ecn>(traffic_class & 3); }

// What a packet that leaves a tunnel carries on (RFC 6040, section 4.2); `nullopt` when it must be dropped, because its
// sender would not understand the mark.
std::optional<Ecn> decapsulated_ecn(Ecn inner, Ecn outer);

// Makes `packet`, which read_ip_header accepts, carry on what it and its outer header say, and keeps an IPv4 checksum
// as right or wrong as it was. False when the packet must be dropped.
bool carry_ecn(std::span<uint8_t> packet, Ecn outer);

}  // namespace sallyport
