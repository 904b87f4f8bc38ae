#include "ecn.h"

#include "checksum.h"
#include "transport_packet.h"

namespace sallyport {

namespace {

// The first word of both headers holds the traffic class: all of it in IPv4's low byte, four bits further left in IPv6.
constexpr unsigned kIpv6Shift = 4;

}  // namespace

std::optional<Ecn> decapsulated_ecn(Ecn inner, Ecn outer) {
  if (inner == Ecn::not_ect) return outer == Ecn::ce ? std::nullopt : std::optional(inner);
  if (outer == Ecn::ce) return outer;
  // The weaker of two congestion marks, for those who use it as one; it survives where it stands.
  if (inner == Ecn::ect0 && outer == Ecn::ect1) return outer;
  return inner;
}

bool carry_ecn(std::span<uint8_t> packet, Ecn outer) {
  if (outer == Ecn::not_ect) return true;
  const bool ipv6 = packet[0] >> 4 == 6;
  const unsigned shift = ipv6 ? kIpv6Shift : 0;
  const uint16_t word = read_u16(packet, 0);
  const Ecn inner = ecn_of(unsigned{word} >> shift);
  const auto after = decapsulated_ecn(inner, outer);
  if (!after) return false;
  if (*after == inner) return true;
  const auto marked = static_cast<uint16_t>((word & ~(3U << shift)) | static_cast<unsigned>(*after) << shift);
  if (ipv6) {
    write_u16(packet, 0, marked);
  } else {
    replace_word(packet, 0, marked, kIpv4Checksum);
  }
  return true;
}

}  // namespace sallyport
