#include "ecn.h"

#include <array>

#include "check.h"
#include "ip_packet.h"
#include "packets.h"

using namespace sallyport;
using packets::Bytes;
using packets::make;
using packets::Options;

namespace {

constexpr std::array kAll = {Ecn::not_ect, Ecn::ect0, Ecn::ect1, Ecn::ce};
constexpr std::optional<Ecn> kDropped;

// RFC 6040, figure 4: a row for each inner field, a column for each outer one, in the order of kAll.
constexpr std::optional<Ecn> kTable[4][4] = {
    {Ecn::not_ect, Ecn::not_ect, Ecn::not_ect, kDropped},
    {Ecn::ect0, Ecn::ect0, Ecn::ect1, Ecn::ce},
    {Ecn::ect1, Ecn::ect1, Ecn::ect1, Ecn::ce},
    {Ecn::ce, Ecn::ce, Ecn::ce, Ecn::ce},
};

}  // namespace

TEST("ECN: what leaves a tunnel carries on what RFC 6040 says") {
  for (size_t inner = 0; inner < 4; ++inner) {
    for (size_t outer = 0; outer < 4; ++outer) {
      CHECK(decapsulated_ecn(kAll[inner], kAll[outer]) == kTable[inner][outer]);
    }
  }
}

TEST("ECN: a packet changes in these two bits and its checksum only, whatever else its traffic class says") {
  for (const bool ipv6 : {false, true}) {
    for (unsigned traffic_class = 0; traffic_class < 256; ++traffic_class) {
      for (const Ecn outer : kAll) {
        Options options{.ipv6 = ipv6, .traffic_class = static_cast<uint8_t>(traffic_class)};
        Bytes packet = make(options);
        const auto after = decapsulated_ecn(ecn_of(traffic_class), outer);
        CHECK(carry_ecn(packet, outer) == after.has_value());
        if (!after) continue;
        options.traffic_class = static_cast<uint8_t>((traffic_class & ~3U) | static_cast<unsigned>(*after));
        CHECK(packet == make(options));
      }
    }
  }
}

TEST("ECN: a wrong header checksum stays wrong") {
  Bytes packet = make({.traffic_class = 2});
  packet[kIpv4Checksum] ^= 0x40;
  CHECK(carry_ecn(packet, Ecn::ce));
  Bytes expected = make({.traffic_class = 3});
  CHECK(packet != expected);
  expected[kIpv4Checksum] ^= 0x40;
  CHECK(fold(add_words(std::span(packet).first(kIpv4HeaderBytes))) != 0xffff);
}
