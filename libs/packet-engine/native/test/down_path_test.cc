#include "down_path.h"

#include "check.h"
#include "down_fixture.h"

using namespace down_fixture;

TEST("down path: a super-packet leaves as one message that comes out as the packets it stands for") {
  for (const bool ipv6 : {false, true}) {
    for (const auto& options : {tcp(ipv6), udp(ipv6)}) {
      Setup path;
      const SuperPacket super(options, 20000, 1300);
      path.write(super.header, super.packet);
      CHECK(path.forward());
      CHECK(path.arrive(super.segments));
      CHECK(path.kernel.calls == 1 && path.kernel.taken.size() == 1);
      CHECK(path.kernel.taken.at(0).cut_into == super.segments[0].size() + kOverhead);
      CHECK(path.count(Counter::udpPacketsSent) == 16 && path.count(Counter::tunPacketsReceived) == 16);
      const PeerStatistics& statistics = path.peer().statistics;
      size_t inner_bytes = 0;
      for (const Bytes& segment : super.segments) inner_bytes += segment.size();
      CHECK(statistics.sent_packets == 16 && statistics.sent_bytes == inner_bytes);
      CHECK(statistics.transport_sent_bytes == inner_bytes + 16 * kOverhead);
    }
  }
}

TEST("down path: trains are made of every format's packets") {
  KeyMaterial epoch = engine_key(0);
  epoch.epoch = true;
  epoch.seal_iv = epoch.open_iv = {};
  KeyMaterial lzo = engine_key(0, Cipher::chacha20_poly1305);
  lzo.lzo_byte = true;
  for (const KeyMaterial& material : {epoch, lzo}) {
    Setup path;
    KeyMaterial reverse = material;
    std::swap(reverse.seal_key, reverse.open_key);
    std::swap(reverse.seal_iv, reverse.open_iv);
    DataKey opener(reverse);
    path.peer().primary = std::make_unique<DataKey>(material);
    const SuperPacket super(tcp(), 10000, 999);
    path.write(super.header, super.packet);
    path.forward();
    for (const Bytes& segment : super.segments) CHECK(opened(opener, receive(path.client.socket.fd())) == segment);
    CHECK(path.kernel.taken.size() == 1);
  }
}

TEST("down path: no message is longer than the kernel takes, and none has more datagrams") {
  Setup path;
  const SuperPacket super(tcp(), 65000, 1388);
  path.write(super.header, super.packet);
  path.forward();
  CHECK(path.arrive(super.segments));
  CHECK(path.kernel.calls == 1 && path.kernel.taken.size() == 2);
  std::vector<Bytes> small;
  for (uint8_t i = 0; i < 200; ++i) small.push_back(make({.transport = InnerProtocol::udp, .payload = 64, .fill = i}));
  for (const Bytes& packet : small) path.write(packet);
  path.forward();
  CHECK(path.arrive(small));
  CHECK(path.kernel.calls == 2 && path.kernel.taken.size() == 4);
  CHECK(path.kernel.taken.at(2).datagrams() == 128 && path.kernel.taken.at(3).datagrams() == 72);
}

TEST("down path: a shorter packet ends a train, a longer one begins another") {
  Setup path;
  std::vector<Bytes> packets;
  for (const size_t payload : {100, 100, 60, 60, 200, 200, 200, 100}) packets.push_back(make({.payload = payload}));
  for (const Bytes& packet : packets) path.write(packet);
  path.forward();
  CHECK(path.arrive(packets));
  CHECK(path.kernel.calls == 1 && path.kernel.taken.size() == 3);
  CHECK(path.kernel.taken.at(0).datagrams() == 3);
  CHECK(path.kernel.taken.at(1).datagrams() == 1 && path.kernel.taken.at(1).cut_into == 0);
  CHECK(path.kernel.taken.at(2).datagrams() == 4);
}

TEST("down path: a TUN device without virtio headers gives plain packets, which become trains too") {
  Setup path(loopback(), {}, false);
  const std::vector<Bytes> packets(50, make({.payload = 500}));
  for (const Bytes& packet : packets) path.tun.write(packet);
  path.forward();
  CHECK(path.arrive(packets));
  CHECK(path.kernel.taken.size() == 1 && path.count(Counter::dropBadVirtioHeader) == 0);
}

TEST("down path: packets of two peers that come by turns leave as one train for each") {
  Setup path;
  path.add_other();
  std::vector<Bytes> ours, theirs;
  for (uint8_t i = 0; i < 40; ++i) {
    ours.push_back(make({.payload = 300, .fill = i}));
    theirs.push_back(make({.destination = kOther, .payload = 500, .fill = i}));
    path.write(ours.back());
    path.write(theirs.back());
  }
  path.forward();
  DataKey other_opener(client_key(0));
  CHECK(path.arrive(ours));
  CHECK(path.arrive(theirs, path.other, other_opener));
  CHECK(path.kernel.calls == 1 && path.kernel.taken.size() == 2);
}

TEST("down path: what does not fit the outbox at once leaves in several goes, in order") {
  Setup path;
  std::vector<Bytes> expected;
  for (uint8_t i = 0; i < 8; ++i) {
    packets::Options options = tcp();
    options.fill = i;
    const SuperPacket super(options, 64000, 1400);
    path.write(super.header, super.packet);
    expected = expected + super.segments;
  }
  path.forward();
  CHECK(path.arrive(expected));
  CHECK(path.kernel.calls == 3);
}

TEST("down path: more peers than the outbox has trains are all served") {
  Setup path;
  for (uint8_t host = 100; host < 200; ++host) path.add_peer(host, path.client.socket.local(), host);
  for (uint8_t host = 100; host < 200; ++host) path.write(make({.destination = host}));
  path.forward();
  CHECK(path.count(Counter::udpPacketsSent) == 100 && path.kernel.calls == 2);
}

TEST("down path: packets of up to the largest length are carried, jumbo segments too") {
  Setup path;
  const SuperPacket super(udp(), 40000, 8900);
  path.write(super.header, super.packet);
  const Bytes longest = make({.payload = kMaxInnerBytes - 40});
  path.write(longest);
  path.forward();
  CHECK(path.arrive(super.segments + std::vector<Bytes>{longest}));
}

TEST("down path: what one batch holds leaves by the right socket, in order for each") {
  Setup path;
  path.listeners.emplace_back(std::in_place_type<UdpSocket>, loopback());
  path.add_other().path.listener = 1;
  // A connected socket takes nothing from elsewhere.
  const auto connect_to = [&path](const Client& client, size_t listener) {
    const EndPoint& local = local_of(path.listeners[listener]);
    connect(client.socket.fd(), local.data(), local.size());
  };
  connect_to(path.client, 0);
  connect_to(path.other, 1);
  std::vector<Bytes> ours, theirs;
  for (size_t i = 30; i > 0; --i) {
    ours.push_back(ipv4(2, 1, i / 3 * 3));
    theirs.push_back(ipv4(2, kOther, i / 2 * 2));
    path.write(ours.back());
    path.write(theirs.back());
  }
  path.forward();
  DataKey other_opener(client_key(0));
  CHECK(path.arrive(ours) && path.arrive(theirs, path.other, other_opener));
  CHECK(path.kernel.calls == 2 && path.count(Counter::udpPacketsSent) == 60);
}

TEST("down path: trains leave a wildcard socket from the address that the peer knows") {
  for (const char* wildcard : {"0.0.0.0", "::"}) {
    Setup path(*EndPoint::parse(wildcard, 0));
    const auto& socket = std::get<UdpSocket>(path.listeners[0]);
    const EndPoint known = *EndPoint::parse("127.0.0.9", socket.local().port());
    path.peer().path.local = *known.for_family(socket.family());
    connect(path.client.socket.fd(), known.data(), known.size());
    const SuperPacket super(udp(), 5000, 700);
    path.write(super.header, super.packet);
    path.forward();
    CHECK(path.arrive(super.segments));
  }
}

TEST("down path: an idle peer is pinged in the company of what else there is") {
  Setup path;
  path.write(ipv4(2, 1, 0));
  path.down.ping(path.peer());
  path.down.flush();
  CHECK(opened(path.opener, receive(path.client.socket.fd())) == from_hex("2a187bf3641eb4cb07ed2d0a981fc748"));
  CHECK(path.count(Counter::pingsSent) == 1 && path.peer().statistics.sent_packets == 0);
  CHECK(path.peer().statistics.transport_sent_bytes == 16 + kOverhead);
}
