#pragma once

#include <sys/uio.h>

#include <map>

#include "inner_packets.h"
#include "segmenter.h"

// What went into a device, taken apart again and compared with what should have.
namespace fuzz {

using sallyport::read_transport_packet;
using sallyport::read_u16;
using sallyport::write_u16;

// The packet without what headers announce no longer to be part of it, and without what has no meaning: checksums are
// replaced by whether they are right, the identification of a packet that is never fragmented (RFC 6864, section 4) by
// nothing.
inline Bytes meaning(std::span<const uint8_t> packet) {
  const auto form = read_transport_packet(packet);
  if (!form) return {packet.begin(), packet.end()};
  Bytes whole(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(form->bytes));
  if (!form->ipv6 && network_checksum_right(whole)) {
    write_u16(whole, sallyport::kIpv4Checksum, 0);
    if ((read_u16(whole, sallyport::kIpv4Fragment) & 0x4000) != 0) write_u16(whole, sallyport::kIpv4Identification, 0);
  }
  if (sallyport::transport_checksum_right(packet, *form)) {
    write_u16(whole, form->checksum_offset(), 0);
    whole.push_back(1);
  }
  return whole;
}

// Addresses and protocol, and the ports when there are any.
inline Bytes flow_of(std::span<const uint8_t> packet, bool with_ports) {
  const auto form = read_transport_packet(packet);
  if (packet.size() < 20 || (packet[0] >> 4 == 6 && packet.size() < sallyport::kIpv6HeaderBytes)) return {};
  const bool ipv6 = packet[0] >> 4 == 6;
  const auto addresses =
      ipv6 ? packet.subspan(sallyport::kIpv6Addresses, 32) : packet.subspan(sallyport::kIpv4Addresses, 8);
  Bytes flow(addresses.begin(), addresses.end());
  flow.push_back(packet[ipv6 ? sallyport::kIpv6NextHeader : sallyport::kIpv4Protocol]);
  if (with_ports && form) {
    const auto ports = packet.subspan(form->transport_offset, 4);
    flow.insert(flow.end(), ports.begin(), ports.end());
  }
  return flow;
}

using PacketsByFlow = std::map<Bytes, std::vector<Bytes>>;

inline PacketsByFlow by_flow(const std::vector<Bytes>& packets) {
  PacketsByFlow flows;
  for (const Bytes& packet : packets) flows[flow_of(packet, true)].push_back(meaning(packet));
  return flows;
}

inline Bytes joined(std::span<const iovec> parts) {
  Bytes whole;
  for (const iovec& part : parts) {
    const auto* bytes = static_cast<const uint8_t*>(part.iov_base);
    whole.insert(whole.end(), bytes, bytes + part.iov_len);
  }
  return whole;
}

// The packets that a host sees of one write to a device, of which there must be so many.
inline std::vector<Bytes> cut(const sallyport::VirtioHeader& header, std::span<const iovec> parts, size_t count) {
  const Bytes whole = joined(parts);
  if (count == 1 && whole.empty()) return {whole};
  const auto segmenter = sallyport::Segmenter::begin(header, whole);
  HOLDS(segmenter && segmenter->count() == count);
  std::vector<Bytes> packets;
  for (size_t index = 0; index < count; ++index) {
    packets.emplace_back(segmenter->bytes(index));
    segmenter->write(index, packets.back());
  }
  return packets;
}

}  // namespace fuzz
