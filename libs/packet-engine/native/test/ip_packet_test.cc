#include "ip_packet.h"

#include <random>

#include "check.h"
#include "hex.h"

using namespace sallyport;

namespace {

const Bytes kIpv4 = from_hex(
    "450000140000000040010000"
    "0a080002"
    "0a080001");
const Bytes kIpv6 = from_hex(
    "60000000"
    "0000"
    "3a40"
    "fd000000000000000000000000000002"
    "fd000000000000000000000000000001");

Bytes with(Bytes packet, size_t offset, uint8_t value) {
  packet.at(offset) = value;
  return packet;
}

}  // namespace

TEST("IP header: refuses what does not lie inside the packet") {
  CHECK(!read_ip_header({}));
  for (size_t bytes = 1; bytes < kIpv4.size(); ++bytes) CHECK(!read_ip_header(std::span(kIpv4).first(bytes)));
  for (size_t bytes = 1; bytes < kIpv6.size(); ++bytes) CHECK(!read_ip_header(std::span(kIpv6).first(bytes)));
  CHECK(!read_ip_header(with(kIpv4, 0, 0x44)));  // a header of 16 bytes
  CHECK(!read_ip_header(with(kIpv4, 0, 0x46)));  // a header of 24 bytes in a packet of 20
  CHECK(!read_ip_header(with(kIpv4, 3, 19)));    // total length below the header's
  CHECK(!read_ip_header(with(kIpv4, 3, 21)));    // total length beyond the packet
  CHECK(!read_ip_header(with(kIpv6, 5, 1)));     // payload beyond the packet
  CHECK(!read_ip_header(with(kIpv4, 0, 0x55)));
}

TEST("IP header: reads the addresses") {
  const auto ipv4 = read_ip_header(kIpv4);
  CHECK(ipv4 && std::get<Ipv4Header>(*ipv4).source == (Ipv4Address{10, 8, 0, 2}));
  CHECK(ipv4 && std::get<Ipv4Header>(*ipv4).destination == (Ipv4Address{10, 8, 0, 1}));
  const auto ipv6 = read_ip_header(kIpv6);
  CHECK(ipv6 && std::get<Ipv6Header>(*ipv6).source[15] == 2);
  CHECK(ipv6 && std::get<Ipv6Header>(*ipv6).destination[15] == 1);
}

TEST("IP header: fe80::/10 is link-local, its neighbours are not") {
  CHECK(is_link_local({0xfe, 0x80}));
  CHECK(is_link_local({0xfe, 0xbf}));
  CHECK(!is_link_local({0xfe, 0xc0}));
  CHECK(!is_link_local({0xfd, 0x80}));
}

TEST("IP header: random bytes of every length are read without a fault") {
  std::mt19937 random(7);
  for (int i = 0; i < 200000; ++i) {
    Bytes packet(random() % 80);
    for (uint8_t& byte : packet) byte = static_cast<uint8_t>(random());
    if (!packet.empty() && random() % 2) packet[0] = random() % 2 ? 0x45 : 0x60;
    const auto header = read_ip_header(packet);
    CHECK(!header || packet.size() >= 20);
  }
}
