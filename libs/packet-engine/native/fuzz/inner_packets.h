#pragma once

#include "checksum.h"
#include "fuzz_target.h"
#include "test/packets.h"
#include "transport_packet.h"

// Inner packets made from an input: well-formed ones of a few flows, ones that were changed, and any bytes.
namespace fuzz {

// What has been sent in each flow, so that the next packet can follow it.
struct Flows {
  static constexpr size_t kCount = 8;
  uint32_t sequence[kCount] = {};
  uint16_t identification[kCount] = {};
};

inline void close_checksums(Bytes& packet) {
  const auto form = sallyport::read_transport_packet(packet);
  if (!form) return;
  if (!form->ipv6) sallyport::set_ipv4_checksum(packet, sallyport::kIpv4HeaderBytes);
  sallyport::set_transport_checksum(packet, *form);
}

inline Bytes regular_packet(Input& input, Flows& flows, size_t most_payload) {
  const uint8_t choice = input.u8();
  const uint8_t change = input.u8();
  const size_t flow = choice % Flows::kCount;
  packets::Options options;
  options.ipv6 = (choice & 1) != 0;
  options.transport = (choice & 2) != 0 ? sallyport::InnerProtocol::udp : sallyport::InnerProtocol::tcp;
  options.port = static_cast<uint16_t>(1000 + flow);
  options.sequence = flows.sequence[flow];
  options.identification = flows.identification[flow];
  options.timestamps = (choice & 8) != 0;
  options.fill = change;
  options.payload = most_payload < 64 ? most_payload : 64;
  if ((change & 0x80) != 0) options.payload = input.u16() % (most_payload + 1);
  if ((change & 0x40) != 0) options.flags = input.u8();
  if ((change & 0x20) != 0) options.traffic_class = input.u8();
  if ((change & 0x10) != 0) options.identification = input.u16();
  if ((change & 0x08) != 0) options.hop_limit = input.u8();
  if ((change & 0x04) != 0) options.dont_fragment = false;
  if ((change & 0x02) != 0) options.sequence = input.u32();
  flows.sequence[flow] = options.sequence + static_cast<uint32_t>(options.payload);
  if ((choice & 0x80) == 0) flows.identification[flow] = static_cast<uint16_t>(options.identification + 1);
  return packets::make(options);
}

inline Bytes inner_packet(Input& input, Flows& flows, size_t most_payload = 1400) {
  const uint8_t kind = input.u8();
  if (kind % 8 == 7) return input.bytes(input.u8());
  Bytes packet = regular_packet(input, flows, most_payload);
  if (kind % 8 < 5) return packet;
  for (int changes = 0; changes < 1 + kind / 8 % 4; ++changes) packet[input.u8() % packet.size()] ^= input.u8();
  // Behind the lengths that the headers announce.
  if ((kind & 0x40) != 0) packet.resize(packet.size() + input.u8() % 32, 0xee);
  if ((kind & 0x80) != 0) close_checksums(packet);
  return packet;
}

inline bool network_checksum_right(std::span<const uint8_t> packet) {
  return sallyport::fold(sallyport::add_words(packet.first(sallyport::kIpv4HeaderBytes))) == 0xffff;
}

}  // namespace fuzz
