#include "ip_packet.h"

#include <algorithm>

namespace sallyport {

namespace {

constexpr size_t kIpv4MinimumBytes = 20;
constexpr size_t kIpv4LengthOffset = 2;
constexpr size_t kIpv4SourceOffset = 12;
constexpr size_t kIpv4DestinationOffset = 16;

constexpr size_t kIpv6HeaderBytes = 40;
constexpr size_t kIpv6LengthOffset = 4;
constexpr size_t kIpv6SourceOffset = 8;
constexpr size_t kIpv6DestinationOffset = 24;

// The caller has checked that the field lies inside the packet.
template <size_t size>
std::array<uint8_t, size> read_field(std::span<const uint8_t> packet, size_t offset) {
  std::array<uint8_t, size> field;
  const auto source = packet.subspan(offset, size);
  std::copy(source.begin(), source.end(), field.begin());
  return field;
}

size_t read_u16(std::span<const uint8_t> packet, size_t offset) {
  return size_t{packet[offset]} << 8 | size_t{packet[offset + 1]};
}

std::optional<IpHeader> read_ipv4(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv4MinimumBytes) return std::nullopt;
  const size_t header_bytes = size_t{4} * (packet[0] & 0x0f);
  const size_t total_bytes = read_u16(packet, kIpv4LengthOffset);
  if (header_bytes < kIpv4MinimumBytes || total_bytes < header_bytes || total_bytes > packet.size()) {
    return std::nullopt;
  }
  return Ipv4Header{read_field<4>(packet, kIpv4SourceOffset), read_field<4>(packet, kIpv4DestinationOffset)};
}

std::optional<IpHeader> read_ipv6(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv6HeaderBytes) return std::nullopt;
  if (kIpv6HeaderBytes + read_u16(packet, kIpv6LengthOffset) > packet.size()) return std::nullopt;
  return Ipv6Header{read_field<16>(packet, kIpv6SourceOffset), read_field<16>(packet, kIpv6DestinationOffset)};
}

}  // namespace

bool is_link_local(const Ipv6Address& address) { return address[0] == 0xfe && (address[1] & 0xc0) == 0x80; }

std::optional<IpHeader> read_ip_header(std::span<const uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  switch (packet[0] >> 4) {
    case 4:
      return read_ipv4(packet);
    case 6:
      return read_ipv6(packet);
    default:
      return std::nullopt;
  }
}

}  // namespace sallyport
