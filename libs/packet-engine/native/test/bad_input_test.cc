#include <algorithm>
#include <optional>

#include "check.h"
#include "up_fixture.h"

// Inner packets that authenticated peers should not send, each in a batch between two good ones of one flow, through
// the whole way up to a device that takes super-packets.

using namespace up_fixture;

namespace {

struct Bad {
  const char* name;
  Bytes packet;
  // Why it is dropped; without, it goes to the host as it is.
  std::optional<Counter> drop;
};

Bytes with(Bytes packet, size_t offset, uint8_t value) {
  packet[offset] = value;
  return packet;
}

Bytes fragment(uint16_t flags_and_offset) {
  Bytes packet = make({.identification = 900});
  write_u16(packet, kIpv4Fragment, flags_and_offset);
  set_ipv4_checksum(packet, kIpv4HeaderBytes);
  return packet;
}

// A hop-by-hop option says how long it is, and the header says nothing (RFC 2675).
Bytes jumbogram() {
  Bytes packet = make({.ipv6 = true, .payload = 2000});
  write_u16(packet, kIpv6PayloadLength, 0);
  packet[kIpv6NextHeader] = 0;
  return packet;
}

std::vector<Bad> all_bad() {
  const Bytes good = make({.sequence = 101, .identification = 2});
  const Bytes good6 = make({.ipv6 = true});
  return {
      {"IPv4 cut short", Bytes(good.begin(), good.end() - 1), Counter::dropNotIp},
      {"IPv6 cut short", Bytes(good6.begin(), good6.end() - 1), Counter::dropNotIp},
      {"IPv4 header cut short", Bytes(good.begin(), good.begin() + 19), Counter::dropNotIp},
      {"IPv4 options where the segment begins", with(good, 0, 0x4f), std::nullopt},
      {"IPv4 header shorter than any", with(good, 0, 0x44), Counter::dropNotIp},
      {"version 5", with(good, 0, 0x55), Counter::dropNotIp},
      {"version 0", with(good, 0, 0x05), Counter::dropNotIp},
      {"longer than its header says", concat(good, Bytes(40, 0xee)), std::nullopt},
      {"wrong TCP checksum", with(good, good.size() - 1, static_cast<uint8_t>(~good.back())), std::nullopt},
      {"wrong IPv4 checksum", with(good, kIpv4Checksum, static_cast<uint8_t>(~good[kIpv4Checksum])), std::nullopt},
      {"first fragment", fragment(0x2000), std::nullopt},
      {"later fragment", fragment(0x0010), std::nullopt},
      {"TCP header cut short", with(good, kIpv4HeaderBytes + 12, 0xf0), std::nullopt},
      {"IPv6 jumbogram", jumbogram(), std::nullopt},
      {"IPv4 source of another", with(good, kIpv4Addresses + 3, 77), Counter::dropSourceAddress},
      {"IPv6 source of another", with(good6, kIpv6Addresses + 15, 77), Counter::dropSourceAddress},
      {"link-local source", with(with(good6, kIpv6Addresses, 0xfe), kIpv6Addresses + 1, 0x80),
       Counter::dropSourceAddress},
  };
}

bool has(const std::vector<Bytes>& packets, const Bytes& packet) {
  return std::find(packets.begin(), packets.end(), packet) != packets.end();
}

// As it is, but without what is behind the end that its header announces.
bool passed(const std::vector<Bytes>& delivered, const Bytes& packet) {
  const auto form = read_transport_packet(packet);
  if (!form) return has(delivered, packet);
  return has(delivered, Bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(form->bytes)));
}

}  // namespace

TEST("bad input: an inner packet that should not be is dropped and counted or passes as it is, and harms no other") {
  for (const Bad& bad : all_bad()) {
    Setup path(TunOffload::tcp_udp);
    const Bytes before = make({});
    const Bytes after = make({.sequence = 201, .identification = 3});
    path.receive_batch({path.sealed(before), path.sealed(bad.packet), path.sealed(after)});
    const auto delivered = path.delivered();
    const bool good = has(delivered, before) && has(delivered, after) && delivered.size() == (bad.drop ? 2 : 3) &&
                      passed(delivered, bad.packet) == !bad.drop && (!bad.drop || path.count(*bad.drop) == 1);
    if (!good) std::printf("  %s\n", bad.name);
    CHECK(good);
  }
}

TEST("bad input: a datagram longer than any packet is dropped, and one of the largest length is carried") {
  Setup path(TunOffload::tcp_udp);
  path.receive(Bytes(20'000, 0x48));
  CHECK(path.count(Counter::dropTooLong) == 1);
  const Bytes largest = make({.payload = kMaxInnerBytes - kIpv4HeaderBytes - kTcpHeaderBytes});
  path.receive(path.sealed(largest));
  CHECK(path.delivered() == std::vector<Bytes>{largest});
}
