#include "transport_packet.h"

namespace sallyport {

namespace {

constexpr uint16_t kMoreFragmentsOrOffset = 0x3fff;

// What the IP header says: where the transport header begins and how long the packet is.
struct Network {
  uint8_t protocol;
  size_t offset;
  size_t bytes;
};

std::optional<Network> read_ipv4(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv4HeaderBytes || packet[0] != 0x45) return std::nullopt;
  const size_t bytes = read_u16(packet, kIpv4TotalLength);
  if (bytes < kIpv4HeaderBytes || bytes > packet.size()) return std::nullopt;
  if (read_u16(packet, kIpv4Fragment) & kMoreFragmentsOrOffset) return std::nullopt;
  return Network{packet[kIpv4Protocol], kIpv4HeaderBytes, bytes};
}

std::optional<Network> read_ipv6(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv6HeaderBytes) return std::nullopt;
  const size_t bytes = kIpv6HeaderBytes + read_u16(packet, kIpv6PayloadLength);
  if (bytes > packet.size()) return std::nullopt;
  return Network{packet[kIpv6NextHeader], kIpv6HeaderBytes, bytes};
}

}  // namespace

std::optional<TransportPacket> read_transport_packet(std::span<const uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  const bool ipv6 = packet[0] >> 4 == 6;
  const auto network = ipv6 ? read_ipv6(packet) : read_ipv4(packet);
  if (!network) return std::nullopt;
  const auto [protocol, offset, bytes] = *network;
  if (protocol == static_cast<uint8_t>(InnerProtocol::tcp) && bytes >= offset + kTcpHeaderBytes) {
    const size_t header_bytes = size_t{4} * (packet[offset + 12] >> 4);
    if (header_bytes < kTcpHeaderBytes || offset + header_bytes > bytes) return std::nullopt;
    return TransportPacket{ipv6, InnerProtocol::tcp, offset, offset + header_bytes, bytes};
  }
  if (protocol == static_cast<uint8_t>(InnerProtocol::udp) && bytes >= offset + kUdpHeaderBytes) {
    if (read_u16(packet, offset + kUdpLength) != bytes - offset) return std::nullopt;
    return TransportPacket{ipv6, InnerProtocol::udp, offset, offset + kUdpHeaderBytes, bytes};
  }
  return std::nullopt;
}

}  // namespace sallyport
