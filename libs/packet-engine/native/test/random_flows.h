#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "packets.h"

namespace packets {

// A few flows at once, as different as real ones are.
class RandomFlows {
 public:
  explicit RandomFlows(std::mt19937& random) : random_(random) {}

  // A packet that continues one of them, or breaks it in one of the ways in which real ones do.
  Bytes next() {
    Options& flow = pick();
    Options packet = flow;
    packet.fill = static_cast<uint8_t>(random_());
    disturb(packet);
    flow.sequence = packet.sequence + static_cast<uint32_t>(packet.payload);
    flow.identification = static_cast<uint16_t>(packet.identification + 1);
    Bytes bytes = make(packet);
    if (rarely()) bytes.back() ^= 0x10;
    if (!packet.ipv6 && rarely()) bytes[sallyport::kIpv4Checksum] ^= 1;
    if (!packet.ipv6 && rarely()) sallyport::write_u16(bytes, sallyport::kIpv4Fragment, 0x2000);
    return bytes;
  }

 private:
  bool rarely() { return random_() % 20 == 0; }

  Options& pick() {
    const unsigned number = random_() % 5;
    const auto [place, added] = flows_.try_emplace(number);
    Options& flow = place->second;
    if (!added) return flow;
    flow.port = static_cast<uint16_t>(1000 + number);
    flow.ipv6 = random_() % 2;
    flow.transport = random_() % 3 ? sallyport::InnerProtocol::tcp : sallyport::InnerProtocol::udp;
    flow.sequence = static_cast<uint32_t>(random_());
    flow.identification = static_cast<uint16_t>(random_());
    flow.payload = 1 + random_() % 300;
    flow.timestamps = random_() % 2;
    return flow;
  }

  void disturb(Options& packet) {
    switch (random_() % 14) {
      case 0:
        packet.flags |= random_() % 2 ? sallyport::kTcpPsh : sallyport::kTcpFin;
        break;
      case 1:
        packet.payload = random_() % (packet.payload + 1);
        break;
      case 2:
        packet.sequence += 5;
        break;
      case 3:
        packet.identification += 9;
        break;
      case 4:
        packet.traffic_class = 3;
        break;
      default:
        break;
    }
  }

  std::mt19937& random_;
  std::map<unsigned, Options> flows_;
};

// Addresses, protocol and ports where there are any: what must keep its order.
inline Bytes flow_key(const Bytes& packet) {
  using namespace sallyport;
  const auto form = read_transport_packet(packet);
  const bool ipv6 = packet[0] >> 4 == 6;
  const size_t begin = ipv6 ? kIpv6Addresses : kIpv4Addresses;
  const size_t end = (ipv6 ? kIpv6HeaderBytes : kIpv4HeaderBytes) + (form ? 4 : 0);
  Bytes key(packet.begin() + static_cast<std::ptrdiff_t>(begin), packet.begin() + static_cast<std::ptrdiff_t>(end));
  key.push_back(packet[ipv6 ? kIpv6NextHeader : kIpv4Protocol]);
  return key;
}

inline std::map<Bytes, std::vector<Bytes>> by_flow(const std::vector<Bytes>& packets) {
  std::map<Bytes, std::vector<Bytes>> flows;
  for (const Bytes& packet : packets) flows[flow_key(packet)].push_back(packet);
  return flows;
}

}  // namespace packets
