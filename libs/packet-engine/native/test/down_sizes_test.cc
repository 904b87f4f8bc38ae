#include "check.h"
#include "down_fixture.h"
#include "too_big.h"

using namespace down_fixture;

TEST("down path: a packet beyond the peer's MTU is dropped and answered where that is allowed, but not without end") {
  Setup path;
  path.peer().mtu = 1300;
  const Bytes fits = make({.payload = 1300 - 40});
  path.write(fits);
  path.write(make({.payload = 1301 - 40}));
  path.forward();
  CHECK(path.arrive({fits}));
  Bytes answer = receive(path.tun.host_end.get());
  CHECK(answer.size() > 28 + sizeof(VirtioHeader));
  const auto message = std::span(answer).subspan(sizeof(VirtioHeader));
  CHECK(message[9] == 1 && message[20] == 3 && message[21] == 4 && read_u16(message, 26) == 1300);
  CHECK(fold(add_words(message.subspan(20))) == 0xffff);
  CHECK(read_u32(message, 28 + 12) == 0x0a080002 && read_u16(message, 28 + kIpv4TotalLength) == 1301);

  const SuperPacket super(tcp(true), 5000, 1400);
  path.write(super.header, super.packet);
  path.write(make({.dont_fragment = false, .payload = 1400}));
  path.forward();
  CHECK(path.count(Counter::dropTooBig) == 1 + super.segments.size() + 1);
  CHECK(path.count(Counter::tooBigAnswered) == 2);
  for (int i = 0; i < 20; ++i) path.write(make({.payload = 1400}));
  path.forward();
  CHECK(path.count(Counter::tooBigAnswered) == 8);
  path.peers.pass(1);
  path.write(make({.payload = 1400}));
  path.forward();
  CHECK(path.count(Counter::tooBigAnswered) == 9 && path.count(Counter::dropTunWriteFailed) == 0);
}

TEST("down path: the segment size that a connection announces is lowered to what fits the peer") {
  Setup path;
  packets::Options options{.payload = 0};
  options.flags = kTcpSyn;
  Bytes syn = make(options);
  const Bytes option = from_hex("020405b4");
  syn.insert(syn.end(), option.begin(), option.end());
  write_u16(syn, kIpv4TotalLength, static_cast<uint32_t>(syn.size()));
  set_ipv4_checksum(syn, kIpv4HeaderBytes);
  syn[32] = 6 << 4;
  set_transport_checksum(syn, *read_transport_packet(syn));
  path.write(syn);
  path.forward();
  CHECK(path.arrive({syn}));
  path.peer().segment_limit = {1200, 1180};
  // The kernel leaves this checksum open too.
  Bytes open = syn;
  packets::open_checksum(open);
  path.write(header_for(open, kVirtioGsoNone, 0), open);
  path.forward();
  const Bytes clamped = opened(path.opener, receive(path.client.socket.fd()));
  CHECK(clamped.size() == syn.size() && read_u16(clamped, 42) == 1200);
  CHECK(transport_checksum_right(clamped, *read_transport_packet(clamped)));
}
