#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sallyport {

enum class InnerProtocol : uint8_t { tcp = 6, udp = 17 };

// Where the parts of a whole TCP or UDP packet are; offsets count from the start of the IP header.
struct TransportPacket {
  bool ipv6;
  InnerProtocol transport;
  size_t transport_offset;
  size_t payload_offset;
  // As the headers say; what is behind it is not part of the packet.
  size_t bytes;

  size_t checksum_offset() const { return transport_offset + (transport == InnerProtocol::tcp ? 16 : 6); }
  size_t payload_bytes() const { return bytes - payload_offset; }
};

// Reads the form of a TCP or UDP packet that is no fragment, has no IPv4 options and no IPv6 extension headers;
// `nullopt` for all else, and when a header or an announced length lies outside of `packet`.
std::optional<TransportPacket> read_transport_packet(std::span<const uint8_t> packet);

// Big-endian fields; the caller has checked that they lie inside.
inline uint16_t read_u16(std::span<const uint8_t> bytes, size_t offset) {
  return static_cast<uint16_t>(bytes[offset] << 8 | bytes[offset + 1]);
}
inline uint32_t read_u32(std::span<const uint8_t> bytes, size_t offset) {
  return uint32_t{read_u16(bytes, offset)} << 16 | read_u16(bytes, offset + 2);
}
inline void write_u16(std::span<uint8_t> bytes, size_t offset, uint32_t value) {
  bytes[offset] = static_cast<uint8_t>(value >> 8);
  bytes[offset + 1] = static_cast<uint8_t>(value);
}
inline void write_u32(std::span<uint8_t> bytes, size_t offset, uint32_t value) {
  write_u16(bytes, offset, value >> 16);
  write_u16(bytes, offset + 2, value);
}

// Offsets inside the headers.
inline constexpr size_t kIpv4HeaderBytes = 20;
inline constexpr size_t kIpv6HeaderBytes = 40;
inline constexpr size_t kIpv4TotalLength = 2;
inline constexpr size_t kIpv4Identification = 4;
inline constexpr size_t kIpv4Fragment = 6;
inline constexpr size_t kIpv4Protocol = 9;
inline constexpr size_t kIpv4Checksum = 10;
inline constexpr size_t kIpv4Addresses = 12;
inline constexpr size_t kIpv6PayloadLength = 4;
inline constexpr size_t kIpv6NextHeader = 6;
inline constexpr size_t kIpv6HopLimit = 7;
inline constexpr size_t kIpv6Addresses = 8;
inline constexpr size_t kTcpHeaderBytes = 20;
inline constexpr size_t kTcpSequence = 4;
inline constexpr size_t kTcpAcknowledgement = 8;
inline constexpr size_t kTcpFlags = 13;
inline constexpr size_t kTcpWindow = 14;
inline constexpr size_t kTcpChecksum = 16;
inline constexpr size_t kTcpUrgent = 18;
inline constexpr size_t kUdpHeaderBytes = 8;
inline constexpr size_t kUdpLength = 4;
inline constexpr size_t kUdpChecksum = 6;

inline constexpr uint8_t kTcpFin = 0x01;
inline constexpr uint8_t kTcpSyn = 0x02;
inline constexpr uint8_t kTcpRst = 0x04;
inline constexpr uint8_t kTcpPsh = 0x08;
inline constexpr uint8_t kTcpAck = 0x10;
inline constexpr uint8_t kTcpUrg = 0x20;
inline constexpr uint8_t kTcpEce = 0x40;
inline constexpr uint8_t kTcpCwr = 0x80;

}  // namespace sallyport
