#include "too_big.h"

#include <algorithm>
#include <random>

#include "check.h"
#include "packets.h"

using namespace sallyport;
using packets::Bytes;
using packets::make;

namespace {

Bytes answer(const Bytes& packet) {
  std::array<uint8_t, kTooBigBytes> out;
  const size_t bytes = write_too_big(packet, 1380, out);
  return {out.begin(), out.begin() + static_cast<long>(bytes)};
}

}  // namespace

TEST("too big: an IPv4 sender is told the size, with its own packet as proof") {
  const Bytes packet = make({.payload = 1400});
  const Bytes icmp = answer(packet);
  CHECK(icmp.size() == 576);
  CHECK(fold(add_words(std::span(icmp).first(20))) == 0xffff);
  CHECK(fold(add_words(std::span(icmp).subspan(20))) == 0xffff);
  CHECK(icmp[20] == 3 && icmp[21] == 4 && read_u16(icmp, 26) == 1380);
  CHECK(read_u32(icmp, 12) == read_u32(packet, 16) && read_u32(icmp, 16) == read_u32(packet, 12));
  CHECK(std::equal(icmp.begin() + 28, icmp.end(), packet.begin()));
}

TEST("too big: an IPv6 sender as well, within the least MTU") {
  const Bytes packet = make({.ipv6 = true, .payload = 1400});
  const Bytes icmp = answer(packet);
  CHECK(icmp.size() == 1280);
  CHECK(icmp[40] == 2 && read_u32(icmp, 44) == 1380);
  const std::array<uint8_t, 8> pseudo = {0, 0, 0x04, 0xd8, 0, 0, 0, 58};
  CHECK(fold(add_words(std::span(icmp).subspan(40), add_words(pseudo, add_words(std::span(icmp).subspan(8, 32))))) ==
        0xffff);
  CHECK(std::equal(icmp.begin() + 48, icmp.end(), packet.begin()));
}

TEST("too big: silence where an answer is forbidden") {
  CHECK(answer({}).empty());
  CHECK(answer(make({.dont_fragment = false, .payload = 1400})).empty());
  Bytes error = make({.payload = 1400});
  error[kIpv4Protocol] = 1;
  error[20] = 3;
  CHECK(answer(error).empty());
  error[20] = 8;  // an echo request is no error
  CHECK(!answer(error).empty());
  Bytes multicast = make({.payload = 1400});
  multicast[16] = 224;
  CHECK(answer(multicast).empty());
  Bytes error6 = make({.ipv6 = true, .payload = 1400});
  error6[kIpv6NextHeader] = 58;
  error6[40] = 1;
  CHECK(answer(error6).empty());
  Bytes from_nobody = make({.ipv6 = true, .payload = 1400});
  std::fill_n(from_nobody.begin() + 8, 16, uint8_t{0});
  CHECK(answer(from_nobody).empty());
}

TEST("too big: any bytes are answered or not without a fault") {
  std::mt19937 random(9);
  for (int round = 0; round < 50000; ++round) {
    Bytes packet(random() % 100);
    for (uint8_t& byte : packet) byte = static_cast<uint8_t>(random());
    if (!packet.empty()) packet[0] = random() % 2 ? 0x45 + random() % 11 : 0x60;
    CHECK(answer(packet).size() <= packet.size() + 48);
  }
}
