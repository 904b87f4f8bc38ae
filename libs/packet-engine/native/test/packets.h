#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "checksum.h"
#include "segmenter.h"
#include "transport_packet.h"
#include "virtio_header.h"

namespace packets {

using Bytes = std::vector<uint8_t>;

// What a test packet is made of.
struct Options {
  bool ipv6 = false;
  uint8_t destination = 1;
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

// The next packet of a flow.
inline Options next(Options options, size_t step = 1) {
  options.sequence += static_cast<uint32_t>(step * options.payload);
  options.identification = static_cast<uint16_t>(options.identification + step);
  return options;
}

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
    packet[kIpv6Addresses + 31] = options.destination;
  } else {
    packet[0] = 0x45;
    packet[1] = options.traffic_class;
    write_u16(packet, kIpv4TotalLength, static_cast<uint32_t>(packet.size()));
    write_u16(packet, kIpv4Identification, options.identification);
    write_u16(packet, kIpv4Fragment, options.dont_fragment ? 0x4000 : 0);
    packet[8] = options.hop_limit;
    packet[kIpv4Protocol] = static_cast<uint8_t>(options.transport);
    write_u32(packet, kIpv4Addresses, 0x0a080002);
    write_u32(packet, kIpv4Addresses + 4, uint32_t{0x0a080000} | options.destination);
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

// What stands before the packet when it comes from a TUN device that leaves checksums and cutting to its reader.
inline sallyport::VirtioHeader header_for(const Bytes& packet, uint8_t gso_type, uint16_t segment_bytes) {
  const auto form = *sallyport::read_transport_packet(packet);
  sallyport::VirtioHeader header{};
  header.flags = sallyport::kVirtioNeedsChecksum;
  header.gso_type = gso_type;
  header.segment_bytes = segment_bytes;
  header.checksum_start = static_cast<uint16_t>(form.transport_offset);
  header.checksum_offset = static_cast<uint16_t>(form.checksum_offset() - form.transport_offset);
  return header;
}

// As the kernel leaves it: the field holds the pseudo-header's sum.
inline void open_checksum(Bytes& packet) {
  const auto form = *sallyport::read_transport_packet(packet);
  const uint64_t pseudo = sallyport::pseudo_header_sum(packet, form, form.bytes - form.transport_offset);
  const uint16_t sum = sallyport::fold(pseudo);
  std::memcpy(packet.data() + form.checksum_offset(), &sum, sizeof sum);
}

inline std::vector<Bytes> cut(const sallyport::VirtioHeader& header, const Bytes& packet) {
  const auto segmenter = sallyport::Segmenter::begin(header, packet);
  std::vector<Bytes> segments;
  if (!segmenter) return segments;
  for (size_t index = 0; index < segmenter->count(); ++index) {
    segments.emplace_back(segmenter->bytes(index));
    segmenter->write(index, segments.back());
  }
  return segments;
}

}  // namespace packets
