#include "up_path.h"

#include "check.h"
#include "classic_format.h"
#include "up_fixture.h"

using namespace up_fixture;

namespace {

const Bytes kOcc = from_hex("287f346bd4ef7a812d56b8d3afc5459c");

}  // namespace

TEST("up path: every reason to drop a received packet has its counter") {
  Setup path;
  const Bytes good = path.sealed(ipv4(2, 1));

  path.receive(Bytes());
  path.receive(Bytes(good.begin(), good.begin() + ClassicFormat::kOverheadBytes));
  CHECK(path.count(Counter::dropTooShort) == 2);
  for (const uint8_t opcode : {0, 1, 2, 6, 12, 31}) path.receive(Bytes(60, static_cast<uint8_t>(opcode << 3)));
  CHECK(path.count(Counter::dropBadOpcode) == 6);
  Bytes other = good;
  other[3] ^= 1;
  path.receive(other);
  CHECK(path.count(Counter::dropUnknownPeer) == 1);
  other = good;
  other[0] ^= 1;
  path.receive(other);
  CHECK(path.count(Counter::dropUnknownKey) == 1);
  other = good;
  other.back() ^= 1;
  path.receive(other);
  CHECK(path.count(Counter::dropBadTag) == 1);
  other = good;
  path.up.receive({1, Transport::tcp, loopback(1), loopback(2), 1}, other, true);
  CHECK(path.count(Counter::dropWrongRemote) == 1);
  path.receive(Bytes(kMaxInnerBytes + 100, 0x48));
  CHECK(path.count(Counter::dropTooLong) == 1);
  Bytes reset(60, 0x50);
  path.receive_at(loopback(0), reset);
  CHECK(path.count(Counter::dropNoSourcePort) == 1);
  CHECK(path.count(Counter::controlPacketsReceived) == 0);
  path.receive(good);
  path.receive(good);
  CHECK(path.count(Counter::dropReplayed) == 1);
  path.receive(path.sealed(Bytes(40, 0)));
  CHECK(path.count(Counter::dropNotIp) == 1);
  path.receive(path.sealed(ipv4(3, 1)));
  path.receive(seal(path.sender, kPeer,
                    from_hex("6000000000003a40fe800000000000000000000000000002"
                             "fd000000000000000000000000000001")));
  CHECK(path.count(Counter::dropSourceAddress) == 2);
  CHECK(path.count(Counter::tunPacketsSent) == 1);
  CHECK(receive(path.tun.host_end.get()) == ipv4(2, 1));
  CHECK(path.peer().statistics.received_packets == 1);
  CHECK(path.peer().statistics.received_bytes == ipv4(2, 1).size());
}

TEST("up path: a link-local source is dropped even when it is the peer's own") {
  Setup path;
  path.peer().ipv6 = Ipv6Address{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  path.receive(seal(path.sender, kPeer,
                    from_hex("6000000000003a40fe800000000000000000000000000002"
                             "fd000000000000000000000000000001")));
  CHECK(path.count(Counter::dropSourceAddress) == 1);
}

TEST("up path: pings and OCC messages end in the engine") {
  Setup path;
  path.receive(path.sealed(kPingText));
  CHECK(path.count(Counter::pingsReceived) == 1);
  path.receive(path.sealed(kOcc));
  path.receive(path.sealed(concat(kOcc, {0})));
  CHECK(path.count(Counter::occIgnored) == 2);
  path.receive(path.sealed(concat(kOcc, {6})));
  path.receive(path.sealed(concat(kOcc, {6})));
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::occ_exit);
  CHECK(path.count(Counter::dropNotIp) == 0);
  CHECK(path.peer().statistics.received_packets == 0);
}

TEST("up path: the secondary key opens and is reported, sealing moves with a swap") {
  Setup path;
  path.peer().secondary = std::make_unique<DataKey>(engine_key(3));
  path.peer().secondary->await_first_use(true);
  DataKey next(client_key(3));
  path.receive(path.sealed(kPingText));
  path.receive(seal(next, kPeer, kPingText));
  path.receive(seal(next, kPeer, kPingText));
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::key_used && batch.events[0].key_id == 3);
  path.peer().primary.swap(path.peer().secondary);
  path.receive(path.sealed(kPingText));
  CHECK(path.count(Counter::pingsReceived) == 4);
  CHECK(path.upward.take(1).events.empty());
}

TEST("up path: the newest packet of a peer moves it, to its address and the one it was sent to") {
  Setup path;
  const Client elsewhere;
  const Bytes late = path.sealed(kPingText);
  path.receive(path.sealed(kPingText));
  CHECK(path.upward.take(1).floats.empty());
  path.receive_at(elsewhere.socket.local(), path.sealed(kPingText));
  CHECK(path.peer().path == path.from(elsewhere.socket.local()));
  CHECK(path.count(Counter::peersFloated) == 1);
  const auto batch = path.upward.take(1);
  CHECK(batch.floats.size() == 1 && batch.floats.at(kPeer) == path.from(elsewhere.socket.local()));
  path.receive(late);
  CHECK(path.count(Counter::pingsReceived) == 3);
  CHECK(path.peer().path == path.from(elsewhere.socket.local()));

  Path other_local = path.from(elsewhere.socket.local());
  other_local.local = *EndPoint::parse("127.0.0.9", 7);
  Bytes packet = path.sealed(kPingText);
  path.up.receive(other_local, packet, false);
  CHECK(path.peer().path == other_local);
  CHECK(path.count(Counter::peersFloated) == 2);
}

TEST("up path: a packet of the previous key that was held back does not move the peer, however new it is") {
  Setup path;
  const EndPoint elsewhere = loopback(9);
  const auto give = [&path](uint8_t key_id) {
    auto key = std::make_unique<DataKey>(engine_key(key_id));
    path.peer().set_key(Slot::secondary, key);
    path.peer().primary.swap(path.peer().secondary);
  };
  give(1);
  give(2);
  DataKey previous(client_key(1));
  DataKey next(client_key(2));
  path.receive(seal(previous, kPeer, kPingText));
  const Bytes held_back = seal(previous, kPeer, kPingText);
  // The key that was given last counts from its first packet on, not before.
  path.receive_at(loopback(8), seal(previous, kPeer, kPingText));
  CHECK(path.count(Counter::peersFloated) == 1);
  path.receive(seal(next, kPeer, kPingText));
  CHECK(path.peer().path == path.from(path.client.socket.local()));
  const Bytes newest_of_previous = seal(previous, kPeer, kPingText);
  path.receive_at(elsewhere, held_back);
  path.receive_at(elsewhere, newest_of_previous);
  CHECK(path.count(Counter::pingsReceived) == 5 && path.count(Counter::peersFloated) == 2);
  CHECK(path.peer().path == path.from(path.client.socket.local()));
  path.receive_at(elsewhere, seal(next, kPeer, kPingText));
  CHECK(path.peer().path == path.from(elsewhere));
}

TEST("up path: a control packet that finds no room is lost when it is a datagram, and kept back on a stream") {
  Setup path;
  Bytes packet(20, 0x20);
  const auto push = [&](const Path& from, size_t count) {
    Received last = Received::control;
    for (size_t i = 0; i < count && last == Received::control; ++i) last = path.up.receive(from, packet, true);
    return last;
  };
  CHECK(push(path.from(loopback(9)), 5000) == Received::dropped);
  CHECK(path.count(Counter::dropControlQueueFull) == 1);
  CHECK(push({0, Transport::tcp, loopback(9), loopback(2), 1}, 5000) == Received::no_room);
  CHECK(path.count(Counter::dropControlQueueFull) == 1);
  CHECK(path.count(Counter::controlPacketsReceived) == 4096 + 64);
}

TEST("up path: a replayed, a forged and a compressed packet from elsewhere do not move the peer") {
  Setup path;
  const EndPoint elsewhere = loopback(9);
  const Path before = path.peer().path;
  const Bytes good = path.sealed(kPingText);
  path.receive(good);
  path.receive_at(elsewhere, good);
  CHECK(path.count(Counter::dropReplayed) == 1);
  Bytes forged = path.sealed(kPingText);
  forged.back() ^= 1;
  path.receive_at(elsewhere, forged);
  CHECK(path.count(Counter::dropBadTag) == 1);
  KeyMaterial material = engine_key(0);
  material.lzo_byte = true;
  path.peer().primary = std::make_unique<DataKey>(material);
  path.receive_at(elsewhere, path.sealed(kPingText));
  CHECK(path.count(Counter::dropCompressed) == 1);
  CHECK(path.peer().path == before);
  CHECK(path.count(Counter::peersFloated) == 0 && path.upward.take(1).floats.empty());
}

TEST("up path: nobody hears of more floats of a peer than the last one") {
  Setup path;
  for (uint16_t i = 0; i < 100; ++i) {
    path.receive_at(loopback(static_cast<uint16_t>(5000 + i % 2)), path.sealed(kPingText));
  }
  CHECK(path.count(Counter::peersFloated) == 100);
  const auto batch = path.upward.take(1);
  CHECK(batch.floats.size() == 1 && batch.floats.at(kPeer).remote == loopback(5001));
}

TEST("up path: a peer with the epoch format is served like any other") {
  Setup path;
  const auto epoch = [](KeyMaterial material) {
    material.epoch = true;
    material.seal_iv = material.open_iv = {};
    return material;
  };
  path.peer().primary = std::make_unique<DataKey>(epoch(engine_key(2)));
  DataKey key(epoch(client_key(2)));
  path.receive(seal(key, kPeer, ipv4(2, 1)));
  CHECK(receive(path.tun.host_end.get()) == ipv4(2, 1));
  CHECK(path.peer().statistics.transport_received_bytes == ipv4(2, 1).size() + 28);
  Bytes unknown = seal(key, kPeer, kPingText);
  unknown[4] = 0x70;
  path.receive(unknown);
  CHECK(path.count(Counter::dropUnknownEpoch) == 1);
}

TEST("up path: packets that do not open end with the key's patience") {
  Setup path;
  KeyMaterial material = engine_key(0);
  material.aead_limits.failures_near = 1;
  material.aead_limits.failures = 2;
  path.peer().primary = std::make_unique<DataKey>(material);
  Bytes forged = path.sealed(kPingText);
  forged.back() ^= 1;
  for (int i = 0; i < 5; ++i) path.receive(forged);
  CHECK(path.count(Counter::dropBadTag) == 3 && path.count(Counter::dropOpenExhausted) == 2);
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].reason == LimitReason::failed_decryptions);
}

TEST("up path: a packet for a device that was deleted is lost and counted") {
  Setup path;
  path.tun.host_end = FileDescriptor();
  path.receive(path.sealed(ipv4(2, 1)));
  CHECK(path.count(Counter::dropTunWriteFailed) == 1 && path.count(Counter::tunPacketsSent) == 0);
}

TEST("up path: packets of one flow in one batch leave with one write, and count one by one") {
  for (const bool ipv6 : {false, true}) {
    for (const InnerProtocol transport : {InnerProtocol::tcp, InnerProtocol::udp}) {
      Setup path(TunOffload::tcp_udp);
      const Options first{.ipv6 = ipv6, .transport = transport, .payload = 1000};
      std::vector<Bytes> packets;
      std::vector<Bytes> batch;
      for (size_t i = 0; i < 8; ++i) packets.push_back(make(next(first, i)));
      for (const Bytes& packet : packets) batch.push_back(path.sealed(packet));
      path.receive_batch(batch);
      const auto writes = path.writes();
      CHECK(writes.size() == 1 && packets::cut(writes[0].header, writes[0].packet) == packets);
      CHECK(path.count(Counter::tunPacketsSent) == 8 && path.peer().statistics.received_packets == 8);
      CHECK(path.peer().statistics.received_bytes == 8 * packets[0].size());
      CHECK(path.count(Counter::udpPacketsReceived) == 8);
    }
  }
}

TEST("up path: nothing is held back for another batch") {
  Setup path(TunOffload::tcp_udp);
  path.receive(path.sealed(make({})));
  CHECK(path.writes().size() == 1);
  path.receive(path.sealed(make(next({}))));
  CHECK(path.writes().size() == 1);
}

TEST("up path: a broken, a replayed and a forged packet in the middle of a batch stop none of the others") {
  Setup path(TunOffload::tcp_udp);
  std::vector<Bytes> packets;
  std::vector<Bytes> batch;
  for (size_t i = 0; i < 9; ++i) packets.push_back(make(next({}, i)));
  for (const Bytes& packet : packets) batch.push_back(path.sealed(packet));
  batch[2].back() ^= 1;
  batch[4] = batch[3];
  batch[6] = path.sealed(ipv4(9, 1));
  path.receive_batch(batch);
  CHECK(path.delivered() ==
        std::vector<Bytes>({packets[0], packets[1], packets[3], packets[5], packets[7], packets[8]}));
  CHECK(path.count(Counter::dropBadTag) == 1 && path.count(Counter::dropReplayed) == 1);
  CHECK(path.count(Counter::dropSourceAddress) == 1);
  CHECK(path.count(Counter::tunPacketsSent) == 6);
}

TEST("up path: a peer that floats in the middle of a batch keeps its packets and their order") {
  Setup path(TunOffload::tcp_udp);
  const Path here = path.from(path.client.socket.local());
  const Path there = path.from(loopback(9));
  std::vector<Bytes> packets;
  std::vector<Bytes> batch;
  for (size_t i = 0; i < 6; ++i) packets.push_back(make(next({}, i)));
  for (const Bytes& packet : packets) batch.push_back(path.sealed(packet));
  for (size_t i = 0; i < batch.size(); ++i) path.up.receive({i < 3 ? here : there, batch[i]});
  path.up.flush();
  CHECK(path.peer().path == there && path.count(Counter::peersFloated) == 1);
  CHECK(path.delivered() == packets);
}

TEST("up path: two networks with the same addresses share a batch, not a packet") {
  Setup path(TunOffload::tcp_udp);
  FakeTun other;
  path.add_network(1, std::move(other.engine_end), TunOffload::tcp_udp);
  path.add_peer(7, path.client.socket.local(), 2, 1);
  DataKey key{client_key(0)};
  std::vector<Bytes> packets;
  std::vector<Bytes> batch;
  for (size_t i = 0; i < 4; ++i) {
    packets.push_back(make(next({}, i)));
    batch.push_back(path.sealed(packets[i]));
    batch.push_back(seal(key, 7, packets[i]));
  }
  path.receive_batch(batch);
  const auto first = path.writes();
  const auto second = path.writes_to(other.host_end);
  CHECK(first.size() == 1 && packets::cut(first[0].header, first[0].packet) == packets);
  CHECK(second.size() == 1 && packets::cut(second[0].header, second[0].packet) == packets);
  CHECK(path.peers.get(7).statistics.received_packets == 4 && path.peer().statistics.received_packets == 4);
}

TEST("up path: a plain device gets one packet with each write") {
  Setup path;
  std::vector<Bytes> packets;
  std::vector<Bytes> batch;
  for (size_t i = 0; i < 5; ++i) packets.push_back(make(next({}, i)));
  for (const Bytes& packet : packets) batch.push_back(path.sealed(packet));
  path.receive_batch(batch);
  CHECK(path.writes().size() == 5);
  path.receive(path.sealed(packets[0]));
  CHECK(path.delivered() == std::vector<Bytes>({packets[0]}));
}

TEST("up path: a congestion mark of the outer header goes on in the inner one, or ends the packet") {
  for (const bool ipv6 : {false, true}) {
    Setup path(TunOffload::tcp_udp);
    Options options{.ipv6 = ipv6, .traffic_class = 0x2a};  // DSCP 10, ECT(0)
    path.receive_at(path.client.socket.local(), path.sealed(make(options)), Ecn::ce);
    options.traffic_class = 0x2b;
    CHECK(path.delivered() == std::vector<Bytes>({make(options)}));
    options.traffic_class = 0x28;
    path.receive_at(path.client.socket.local(), path.sealed(make(options)), Ecn::ce);
    CHECK(path.delivered().empty() && path.count(Counter::dropCongestionMark) == 1);
    path.receive_at(path.client.socket.local(), path.sealed(make(options)), Ecn::ect0);
    CHECK(path.delivered() == std::vector<Bytes>({make(options)}));
  }
}

TEST("up path: the segment size that a peer announces is lowered to its limit") {
  Setup path(TunOffload::tcp_udp);
  path.peer().segment_limit = {1000, 0};
  // A SYN with one option: 02 04 05b4, the size 1460.
  Bytes syn = from_hex(
      "4500002c000040004006"
      "0000"
      "0a080002"
      "0a080001"
      "03e80050"
      "00000001"
      "00000000"
      "60020400"
      "0000"
      "0000"
      "020405b4");
  set_ipv4_checksum(syn, kIpv4HeaderBytes);
  set_transport_checksum(syn, *read_transport_packet(syn));
  path.receive(path.sealed(syn));
  Bytes lowered = syn;
  write_u16(lowered, lowered.size() - 2, 1000);
  set_transport_checksum(lowered, *read_transport_packet(lowered));
  CHECK(path.delivered() == std::vector<Bytes>({lowered}));
}
