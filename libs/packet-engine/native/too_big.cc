#include "too_big.h"

#include <algorithm>
#include <cstring>

#include "checksum.h"
#include "transport_packet.h"

namespace sallyport {

namespace {

constexpr uint8_t kIcmp = 1;
constexpr uint8_t kIcmp6 = 58;
constexpr size_t kIcmpHeaderBytes = 8;
constexpr uint8_t kUnreachable = 3;
constexpr uint8_t kFragmentationNeeded = 4;
constexpr uint8_t kPacketTooBig = 2;
constexpr uint8_t kFirstIcmp6Information = 128;
constexpr uint8_t kHopLimit = 64;
constexpr uint16_t kDontFragment = 0x4000;
constexpr uint16_t kFragmentOffset = 0x1fff;
// The header and the first 8 bytes are asked for (RFC 792); routers send as much as fits into 576 bytes (RFC 1812).
constexpr size_t kQuotedIpv4Bytes = 576 - kIpv4HeaderBytes - kIcmpHeaderBytes;

bool is_host(std::span<const uint8_t> packet, size_t offset, bool ipv6) {
  const uint8_t first = packet[offset];
  if (ipv6)
    return first != 0xff && std::any_of(&packet[offset], &packet[offset] + 16, [](uint8_t b) { return b != 0; });
  return first != 0 && first != 127 && first < 224;
}

bool is_icmp_error(uint8_t type) { return type == 3 || type == 4 || type == 5 || type == 11 || type == 12; }

size_t write_ipv4(std::span<const uint8_t> packet, uint16_t mtu, std::span<uint8_t> out) {
  const size_t header_bytes = size_t{4} * (packet[0] & 0x0f);
  if (packet.size() < kIpv4HeaderBytes || header_bytes < kIpv4HeaderBytes || header_bytes > packet.size()) return 0;
  const uint16_t fragment = read_u16(packet, kIpv4Fragment);
  if ((fragment & kDontFragment) == 0 || (fragment & kFragmentOffset) != 0) return 0;
  if (!is_host(packet, kIpv4Addresses, false) || !is_host(packet, kIpv4Addresses + 4, false)) return 0;
  if (packet[kIpv4Protocol] == kIcmp && (packet.size() == header_bytes || is_icmp_error(packet[header_bytes])))
    return 0;
  const size_t quoted = std::min(packet.size(), kQuotedIpv4Bytes);
  const size_t bytes = kIpv4HeaderBytes + kIcmpHeaderBytes + quoted;
  out[0] = 0x45;
  write_u16(out, kIpv4TotalLength, static_cast<uint32_t>(bytes));
  out[8] = kHopLimit;
  out[kIpv4Protocol] = kIcmp;
  std::memcpy(&out[kIpv4Addresses], &packet[kIpv4Addresses + 4], 4);
  std::memcpy(&out[kIpv4Addresses + 4], &packet[kIpv4Addresses], 4);
  set_ipv4_checksum(out, kIpv4HeaderBytes);
  const auto icmp = out.subspan(kIpv4HeaderBytes, bytes - kIpv4HeaderBytes);
  icmp[0] = kUnreachable;
  icmp[1] = kFragmentationNeeded;
  write_u16(icmp, 6, mtu);
  std::memcpy(&icmp[kIcmpHeaderBytes], packet.data(), quoted);
  const auto sum = static_cast<uint16_t>(~fold(add_words(icmp)));
  std::memcpy(&icmp[2], &sum, sizeof sum);
  return bytes;
}

size_t write_ipv6(std::span<const uint8_t> packet, uint16_t mtu, std::span<uint8_t> out) {
  if (packet.size() < kIpv6HeaderBytes) return 0;
  if (!is_host(packet, kIpv6Addresses, true) || !is_host(packet, kIpv6Addresses + 16, true)) return 0;
  const bool icmp_packet = packet[kIpv6NextHeader] == kIcmp6;
  if (icmp_packet && (packet.size() == kIpv6HeaderBytes || packet[kIpv6HeaderBytes] < kFirstIcmp6Information)) return 0;
  const size_t quoted = std::min(packet.size(), kTooBigBytes - kIpv6HeaderBytes - kIcmpHeaderBytes);
  const size_t icmp_bytes = kIcmpHeaderBytes + quoted;
  out[0] = 0x60;
  write_u16(out, kIpv6PayloadLength, static_cast<uint32_t>(icmp_bytes));
  out[kIpv6NextHeader] = kIcmp6;
  out[kIpv6HopLimit] = kHopLimit;
  std::memcpy(&out[kIpv6Addresses], &packet[kIpv6Addresses + 16], 16);
  std::memcpy(&out[kIpv6Addresses + 16], &packet[kIpv6Addresses], 16);
  const auto icmp = out.subspan(kIpv6HeaderBytes, icmp_bytes);
  icmp[0] = kPacketTooBig;
  write_u32(icmp, 4, mtu);
  std::memcpy(&icmp[kIcmpHeaderBytes], packet.data(), quoted);
  const std::array<uint8_t, 8> length_and_protocol = {
      0, 0, static_cast<uint8_t>(icmp_bytes >> 8), static_cast<uint8_t>(icmp_bytes), 0, 0, 0, kIcmp6};
  const uint64_t pseudo = add_words(length_and_protocol, add_words(out.subspan(kIpv6Addresses, 32)));
  const auto sum = static_cast<uint16_t>(~fold(add_words(icmp, pseudo)));
  std::memcpy(&icmp[2], &sum, sizeof sum);
  return kIpv6HeaderBytes + icmp_bytes;
}

}  // namespace

size_t write_too_big(std::span<const uint8_t> packet, uint16_t mtu, std::span<uint8_t, kTooBigBytes> out) {
  if (packet.empty()) return 0;
  std::fill(out.begin(), out.end(), uint8_t{0});
  if (packet[0] >> 4 == 4) return write_ipv4(packet, mtu, out);
  return packet[0] >> 4 == 6 ? write_ipv6(packet, mtu, out) : 0;
}

}  // namespace sallyport
