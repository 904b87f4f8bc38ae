#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "checksum.h"
#include "transport_packet.h"

namespace packets {

using Bytes = std::vector<uint8_t>;

// What a test packet is made of.
struct Options {
  bool ipv6 = false;
  sallyport::InnerProtocol transport = sallyport::InnerProtocol::tcp;
  uint16_t port = 1000;
  uint32_t sequence = 1;
  uint16_t identification = 1;
  uint8_t flags = sallyport::kTcpAck;
  uint8_t traffic_class = 0;
  uint8_t hop_limit = 64;
  uint16_t window = 500;
  bool dont_fragment = true;
  bool timestamps = false;
  size_t payload = 100;
  uint8_t fill = 7;
};

// Builds a whole packet with right checksums.
inline Bytes make(const Options& options) {
  using namespace sallyport;
  const size_t network = options.ipv6 ? kIpv6HeaderBytes : kIpv4HeaderBytes;
  const bool tcp = options.transport == InnerProtocol::tcp;
  const size_t header = tcp ? kTcpHeaderBytes + (options.timestamps ? 12 : 0) : kUdpHeaderBytes;
  Bytes packet(network + header + options.payload);
  if (options.ipv6) {
    packet[0] = static_cast<uint8_t>(0x60 | options.traffic_class >> 4);
    packet[1] = static_cast<uint8_t>(options.traffic_class << 4);
    write_u16(packet, kIpv6PayloadLength, static_cast<uint32_t>(packet.size() - network));
    packet[kIpv6NextHeader] = static_cast<uint8_t>(options.transport);
    packet[kIpv6HopLimit] = options.hop_limit;
    packet[kIpv6Addresses] = packet[kIpv6Addresses + 16] = 0xfd;
    packet[kIpv6Addresses + 15] = 2;
    packet[kIpv6Addresses + 31] = 1;
  } else {
    packet[0] = 0x45;
    packet[1] = options.traffic_class;
    write_u16(packet, kIpv4TotalLength, static_cast<uint32_t>(packet.size()));
    write_u16(packet, kIpv4Identification, options.identification);
    write_u16(packet, kIpv4Fragment, options.dont_fragment ? 0x4000 : 0);
    packet[8] = options.hop_limit;
    packet[kIpv4Protocol] = static_cast<uint8_t>(options.transport);
    write_u32(packet, kIpv4Addresses, 0x0a080002);
    write_u32(packet, kIpv4Addresses + 4, 0x0a080001);
    set_ipv4_checksum(packet, network);
  }
  write_u16(packet, network, options.port);
  write_u16(packet, network + 2, 80);
  if (tcp) {
    write_u32(packet, network + kTcpSequence, options.sequence);
    write_u32(packet, network + kTcpAcknowledgement, 77);
    packet[network + 12] = static_cast<uint8_t>(header / 4 << 4);
    packet[network + kTcpFlags] = options.flags;
    write_u16(packet, network + kTcpWindow, options.window);
    if (options.timestamps) write_u32(packet, network + kTcpHeaderBytes, 0x0101080a);
  } else {
    write_u16(packet, network + kUdpLength, static_cast<uint32_t>(packet.size() - network));
  }
  for (size_t offset = network + header; offset < packet.size(); ++offset) {
    packet[offset] = static_cast<uint8_t>(options.fill + offset * 31);
  }
  set_transport_checksum(packet, *read_transport_packet(packet));
  return packet;
}

}  // namespace packets
