#include <array>
#include <map>

#include "ecn.h"
#include "inner_packets.h"
#include "ip_packet.h"
#include "mss_clamp.h"
#include "prefix_table.h"
#include "too_big.h"

// What looks at an inner packet outside of the cipher: headers, the longest prefix, congestion marks, the segment size
// and the answer «too big». Routes are compared with a table that tries every prefix.

using namespace sallyport;
using fuzz::Bytes;

namespace {

template <size_t kBytes>
struct Prefixes {
  using Address = std::array<uint8_t, kBytes>;
  using Range = std::pair<Address, size_t>;

  PrefixTable<kBytes, uint32_t> table;
  std::map<Range, uint32_t> all;

  static bool covers(const Range& prefix, const Address& address) {
    for (size_t bit = 0; bit < prefix.second; ++bit) {
      const auto mask = static_cast<uint8_t>(0x80 >> bit % 8);
      if (((prefix.first[bit / 8] ^ address[bit / 8]) & mask) != 0) return false;
    }
    return true;
  }

  // Addresses that share most of their bits; all of them would match nothing.
  static Address address(fuzz::Input& input) {
    Address made{};
    made[0] = 10;
    made[kBytes / 2] = input.u8() & 0x81;
    made[kBytes - 1] = input.u8();
    return made;
  }

  void step(fuzz::Input& input) {
    const uint8_t kind = input.u8();
    const Address at = address(input);
    const size_t length = input.u8() % (kBytes * 8 + 1);
    const auto same = std::find_if(all.begin(), all.end(), [&](const auto& entry) {
      return entry.first.second == length && covers(entry.first, at);
    });
    if (kind % 4 == 0) {
      const uint32_t value = input.u8();
      HOLDS(table.add({at, static_cast<uint8_t>(length)}, value) == (same == all.end()));
      if (same == all.end()) all.emplace(Range{at, length}, value);
    } else if (kind % 4 == 1) {
      HOLDS(table.remove({at, static_cast<uint8_t>(length)}) == (same != all.end()));
      if (same != all.end()) all.erase(same);
    } else {
      find(at);
    }
  }

  void find(const Address& at) const {
    const typename std::map<Range, uint32_t>::value_type* best = nullptr;
    for (const auto& entry : all) {
      if (covers(entry.first, at) && (!best || entry.first.second > best->first.second)) best = &entry;
    }
    const uint32_t* found = table.find(at);
    HOLDS((found != nullptr) == (best != nullptr));
    HOLDS(!found || *found == best->second);
  }
};

// Whatever is clamped keeps its length, and its checksum stays as right or wrong as it was.
void clamp(const Bytes& packet, const SegmentLimit& limit) {
  Bytes copy = packet;
  const bool changed = clamp_segment_size(copy, limit);
  HOLDS(changed == (copy != packet));
  if (!changed) return;
  const auto form = read_transport_packet(copy);
  HOLDS(form && form->transport == InnerProtocol::tcp);
  HOLDS(transport_checksum_right(copy, *form) == transport_checksum_right(packet, *form));
  HOLDS(!clamp_segment_size(copy, limit));
}

// Congestion is marked in the traffic class alone, and never on the packet of a sender that would not understand it.
void mark(const Bytes& packet, Ecn outer) {
  Bytes copy = packet;
  const bool ipv6 = packet[0] >> 4 == 6;
  const auto traffic_class = [&](const Bytes& from) { return ipv6 ? from[1] >> 4 : from[1]; };
  const Ecn inner = ecn_of(traffic_class(packet));
  HOLDS(carry_ecn(copy, outer) == !(inner == Ecn::not_ect && outer == Ecn::ce));
  if (copy == packet) return;
  HOLDS(inner != Ecn::not_ect && outer != Ecn::not_ect);
  HOLDS(ipv6 || fuzz::network_checksum_right(copy) == fuzz::network_checksum_right(packet));
  HOLDS(ecn_of(traffic_class(copy)) == (outer == Ecn::ce ? Ecn::ce : Ecn::ect1));
  copy[1] = packet[1];
  if (!ipv6) std::copy_n(packet.begin() + kIpv4Checksum, 2, copy.begin() + kIpv4Checksum);
  HOLDS(copy == packet);
}

// An answer is a whole ICMP packet with right checksums back to the sender, and is itself never answered.
void answer(const Bytes& packet, uint16_t mtu) {
  std::array<uint8_t, kTooBigBytes> out;
  const size_t bytes = write_too_big(packet, mtu, out);
  HOLDS(bytes <= out.size());
  if (bytes == 0) return;
  const Bytes message(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(bytes));
  const auto header = read_ip_header(message);
  HOLDS(header);
  const bool ipv6 = message[0] >> 4 == 6;
  HOLDS(bytes <= (ipv6 ? 1280 : 576));
  HOLDS(ipv6 || fuzz::network_checksum_right(message));
  if (!ipv6) HOLDS(fold(add_words(std::span(message).subspan(kIpv4HeaderBytes))) == 0xffff);
  std::array<uint8_t, kTooBigBytes> again;
  HOLDS(write_too_big(message, mtu, again) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  Prefixes<4> ipv4;
  Prefixes<16> ipv6;
  fuzz::Flows flows;
  for (int steps = 0; steps < 256 && !input.empty(); ++steps) {
    const uint8_t kind = input.u8();
    if (kind % 4 == 0) {
      ipv4.step(input);
    } else if (kind % 4 == 1) {
      ipv6.step(input);
    } else {
      const Bytes packet = fuzz::inner_packet(input, flows, 200);
      const auto header = read_ip_header(packet);
      const auto form = read_transport_packet(packet);
      HOLDS(!form || header);
      HOLDS(!form || (form->payload_offset <= form->bytes && form->bytes <= packet.size()));
      if (header) mark(packet, static_cast<Ecn>(input.u8() % 4));
      clamp(packet, {input.u16(), input.u16()});
      answer(packet, input.u16());
    }
  }
  return 0;
}
