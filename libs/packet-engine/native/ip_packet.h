#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

namespace sallyport {

using Ipv4Address = std::array<uint8_t, 4>;
using Ipv6Address = std::array<uint8_t, 16>;

bool is_link_local(const Ipv6Address& address);

struct Ipv4Header {
  Ipv4Address source;
  Ipv4Address destination;
};

struct Ipv6Header {
  Ipv6Address source;
  Ipv6Address destination;
};

using IpHeader = std::variant<Ipv4Header, Ipv6Header>;

// Reads the addresses of an IPv4 or IPv6 packet; `nullopt` unless header and announced length lie inside `packet`.
std::optional<IpHeader> read_ip_header(std::span<const uint8_t> packet);

}  // namespace sallyport
