#include "check.h"
#include "classic_format.h"
#include "down_path.h"
#include "failure.h"
#include "fixture.h"
#include "keepalives.h"
#include "up_path.h"

using namespace fixture;

namespace {

constexpr uint32_t kPeer = 0x010002;
const Bytes kPing = from_hex("2a187bf3641eb4cb07ed2d0a981fc748");
const Bytes kOcc = from_hex("287f346bd4ef7a812d56b8d3afc5459c");

// The data path without its thread: one peer 10.8.0.2 with a primary key 0, by UDP.
struct Setup {
  PeerTable peers;
  Counters counters;
  UpwardQueue upward{[] {}};
  Epoll epoll;
  Listeners listeners;
  StreamTable streams{epoll, counters, upward};
  Outbox outbox{listeners, streams};
  UpPath up{peers, counters, upward};
  DownPath down{peers, outbox, counters, upward};
  Keepalives keepalives{peers, down, upward};
  FakeTun tun;
  Client client;
  DataKey sender{client_key(0)};
  DataKey opener{client_key(0)};

  Setup() {
    listeners.emplace_back(std::in_place_type<UdpSocket>, loopback());
    peers.add_network(0, TunDevice(std::move(tun.engine_end)));
    add_peer(kPeer, client.socket.local(), 2);
  }
  Path from(const EndPoint& remote) const {
    return {0, Transport::udp, remote, std::get<UdpSocket>(listeners[0]).local(), 0};
  }
  void add_peer(uint32_t id, const EndPoint& remote, uint8_t host) {
    Peer peer;
    peer.id = id;
    peer.network = &peers.get_network(0);
    peer.path = from(remote);
    peer.ipv4 = Ipv4Address{10, 8, 0, host};
    peer.primary = std::make_unique<DataKey>(engine_key(0));
    peers.add(std::move(peer));
  }
  void receive(Bytes bytes) { receive_at(client.socket.local(), std::move(bytes)); }
  void receive_at(const EndPoint& remote, Bytes bytes, bool truncated = false) {
    up.receive({from(remote), bytes, truncated});
  }
  uint64_t count(Counter counter) const { return counters.read(counter); }
  Peer& peer() { return peers.get(kPeer); }
};

}  // namespace

TEST("data path: every reason to drop a received packet has its counter") {
  Setup path;
  const Bytes good = seal(path.sender, kPeer, ipv4(2, 1));

  path.receive({});
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
  path.receive_at(path.client.socket.local(), other, true);
  CHECK(path.count(Counter::dropTooLong) == 1);
  Bytes reset(60, 0x50);
  path.receive_at(loopback(0), reset);
  CHECK(path.count(Counter::dropNoSourcePort) == 1);
  CHECK(path.count(Counter::controlPacketsReceived) == 0);
  path.receive(good);
  path.receive(good);
  CHECK(path.count(Counter::dropReplayed) == 1);
  path.receive(seal(path.sender, kPeer, Bytes(40, 0)));
  CHECK(path.count(Counter::dropNotIp) == 1);
  path.receive(seal(path.sender, kPeer, ipv4(3, 1)));
  path.receive(seal(path.sender, kPeer,
                    from_hex("6000000000003a40fe800000000000000000000000000002"
                             "fd000000000000000000000000000001")));
  CHECK(path.count(Counter::dropSourceAddress) == 2);
  CHECK(path.count(Counter::tunPacketsSent) == 1);
  CHECK(receive(path.tun.host_end.get()) == ipv4(2, 1));
  CHECK(path.peer().statistics.received_packets == 1);
  CHECK(path.peer().statistics.received_bytes == ipv4(2, 1).size());
}

TEST("data path: a link-local source is dropped even when it is the peer's own") {
  Setup path;
  path.peer().ipv6 = Ipv6Address{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  path.receive(seal(path.sender, kPeer,
                    from_hex("6000000000003a40fe800000000000000000000000000002"
                             "fd000000000000000000000000000001")));
  CHECK(path.count(Counter::dropSourceAddress) == 1);
}

TEST("data path: pings and OCC messages end in the engine") {
  Setup path;
  path.receive(seal(path.sender, kPeer, kPing));
  CHECK(path.count(Counter::pingsReceived) == 1);
  path.receive(seal(path.sender, kPeer, kOcc));
  path.receive(seal(path.sender, kPeer, concat(kOcc, {0})));
  CHECK(path.count(Counter::occIgnored) == 2);
  path.receive(seal(path.sender, kPeer, concat(kOcc, {6})));
  path.receive(seal(path.sender, kPeer, concat(kOcc, {6})));
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::occ_exit);
  CHECK(path.count(Counter::dropNotIp) == 0);
  CHECK(path.peer().statistics.received_packets == 0);
}

TEST("data path: every reason to drop a packet of the TUN device has its counter") {
  Setup path;
  Network& network = path.peers.get_network(0);
  path.tun.write(ipv4(1, 9));
  path.tun.write(Bytes(40, 0));
  path.tun.write(Bytes(kMaxInnerBytes + 1, 0x45));
  CHECK(path.down.forward(network));
  CHECK(path.count(Counter::dropNoRoute) == 1);
  CHECK(path.count(Counter::dropNotIp) == 1);
  CHECK(path.count(Counter::dropTooLong) == 1);
  path.peer().primary.reset();
  path.tun.write(ipv4(1, 2));
  path.down.forward(network);
  CHECK(path.count(Counter::dropNoKey) == 1);
  KeyMaterial material = engine_key(1);
  material.first_packet_id = 0xFFFFFFFF;
  path.peer().primary = std::make_unique<DataKey>(material);
  path.tun.write(ipv4(1, 2));
  path.tun.write(ipv4(1, 2));
  path.down.forward(network);
  CHECK(path.count(Counter::dropKeyExhausted) == 1);
  CHECK(path.count(Counter::udpPacketsSent) == 1);
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::key_limit && batch.events[0].key_id == 1);
  CHECK(batch.events.at(0).reason == LimitReason::packet_id);
}

TEST("data path: a datagram that the kernel refuses does not take its neighbours with it") {
  Setup path;
  path.add_peer(7, loopback(0), 7);  // port 0 gives EINVAL
  for (const uint8_t destination : {2, 7, 7, 2, 7, 2}) path.tun.write(ipv4(1, destination));
  path.down.forward(path.peers.get_network(0));
  CHECK(path.count(Counter::udpPacketsSent) == 3);
  CHECK(path.count(Counter::dropSendFailed) == 3);
  CHECK(path.peers.get(7).statistics.sent_packets == 0);
  CHECK(path.peer().statistics.sent_packets == 3);
  for (int i = 0; i < 3; ++i) CHECK(opened(path.opener, receive(path.client.socket.fd())) == ipv4(1, 2));
}

TEST("data path: an idle peer is pinged, a silent one is reported once") {
  Setup path;
  path.peer().keepalive = {2, 3};
  path.keepalives.tick(1);
  CHECK(path.count(Counter::pingsSent) == 0);
  path.keepalives.tick(1);
  CHECK(path.count(Counter::pingsSent) == 1);
  CHECK(opened(path.opener, receive(path.client.socket.fd())) == kPing);
  path.keepalives.tick(1);
  path.receive(seal(path.sender, kPeer, kPing));
  path.keepalives.tick(1);
  CHECK(path.count(Counter::pingsSent) == 2);
  path.keepalives.tick(2);
  CHECK(path.upward.take(1).events.empty());
  path.keepalives.tick(1);
  path.keepalives.tick(5);
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::peer_timeout);
}

TEST("data path: the secondary key opens and is reported, sealing moves with a swap") {
  Setup path;
  path.peer().secondary = std::make_unique<DataKey>(engine_key(3));
  path.peer().secondary->await_first_use(true);
  DataKey next(client_key(3));
  path.receive(seal(path.sender, kPeer, kPing));
  path.receive(seal(next, kPeer, kPing));
  path.receive(seal(next, kPeer, kPing));
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::key_used && batch.events[0].key_id == 3);
  path.peer().primary.swap(path.peer().secondary);
  path.receive(seal(path.sender, kPeer, kPing));
  CHECK(path.count(Counter::pingsReceived) == 4);
  CHECK(path.upward.take(1).events.empty());
}

TEST("data path: the newest packet of a peer moves it, to its address and the one it was sent to") {
  Setup path;
  const Client elsewhere;
  const Bytes late = seal(path.sender, kPeer, kPing);
  path.receive(seal(path.sender, kPeer, kPing));
  CHECK(path.upward.take(1).floats.empty());
  path.receive_at(elsewhere.socket.local(), seal(path.sender, kPeer, kPing));
  CHECK(path.peer().path == path.from(elsewhere.socket.local()));
  CHECK(path.count(Counter::peersFloated) == 1);
  const auto batch = path.upward.take(1);
  CHECK(batch.floats.size() == 1 && batch.floats.at(kPeer) == path.from(elsewhere.socket.local()));
  path.tun.write(ipv4(1, 2));
  path.down.forward(path.peers.get_network(0));
  CHECK(opened(path.opener, receive(elsewhere.socket.fd())) == ipv4(1, 2));

  path.receive(late);
  CHECK(path.count(Counter::pingsReceived) == 3);
  CHECK(path.peer().path == path.from(elsewhere.socket.local()));

  Path other_local = path.from(elsewhere.socket.local());
  other_local.local = *EndPoint::parse("127.0.0.9", 7);
  Bytes packet = seal(path.sender, kPeer, kPing);
  path.up.receive(other_local, packet, false);
  CHECK(path.peer().path == other_local);
  CHECK(path.count(Counter::peersFloated) == 2);
}

TEST("data path: a packet of the previous key that was held back does not move the peer, however new it is") {
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
  path.receive(seal(previous, kPeer, kPing));
  const Bytes held_back = seal(previous, kPeer, kPing);
  // The key that was given last counts from its first packet on, not before.
  path.receive_at(loopback(8), seal(previous, kPeer, kPing));
  CHECK(path.count(Counter::peersFloated) == 1);
  path.receive(seal(next, kPeer, kPing));
  CHECK(path.peer().path == path.from(path.client.socket.local()));
  const Bytes newest_of_previous = seal(previous, kPeer, kPing);
  path.receive_at(elsewhere, held_back);
  path.receive_at(elsewhere, newest_of_previous);
  CHECK(path.count(Counter::pingsReceived) == 5 && path.count(Counter::peersFloated) == 2);
  CHECK(path.peer().path == path.from(path.client.socket.local()));
  path.receive_at(elsewhere, seal(next, kPeer, kPing));
  CHECK(path.peer().path == path.from(elsewhere));
}

TEST("data path: a control packet that finds no room is lost when it is a datagram, and kept back on a stream") {
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

TEST("data path: a replayed, a forged and a compressed packet from elsewhere do not move the peer") {
  Setup path;
  const EndPoint elsewhere = loopback(9);
  const Path before = path.peer().path;
  const Bytes good = seal(path.sender, kPeer, kPing);
  path.receive(good);
  path.receive_at(elsewhere, good);
  CHECK(path.count(Counter::dropReplayed) == 1);
  Bytes forged = seal(path.sender, kPeer, kPing);
  forged.back() ^= 1;
  path.receive_at(elsewhere, forged);
  CHECK(path.count(Counter::dropBadTag) == 1);
  KeyMaterial material = engine_key(0);
  material.lzo_byte = true;
  path.peer().primary = std::make_unique<DataKey>(material);
  path.receive_at(elsewhere, seal(path.sender, kPeer, kPing));
  CHECK(path.count(Counter::dropCompressed) == 1);
  CHECK(path.peer().path == before);
  CHECK(path.count(Counter::peersFloated) == 0 && path.upward.take(1).floats.empty());
}

TEST("data path: nobody hears of more floats of a peer than the last one") {
  Setup path;
  for (uint16_t i = 0; i < 100; ++i) {
    path.receive_at(loopback(static_cast<uint16_t>(5000 + i % 2)), seal(path.sender, kPeer, kPing));
  }
  CHECK(path.count(Counter::peersFloated) == 100);
  const auto batch = path.upward.take(1);
  CHECK(batch.floats.size() == 1 && batch.floats.at(kPeer).remote == loopback(5001));
}

TEST("data path: what one batch holds leaves with the right socket, in order for each") {
  Setup path;
  path.listeners.emplace_back(std::in_place_type<UdpSocket>, loopback());
  const Client other;
  path.add_peer(7, other.socket.local(), 7);
  path.peers.get(7).path.listener = 1;
  // A connected socket takes nothing from elsewhere.
  const auto connect_to = [&path](const Client& client, size_t listener) {
    const EndPoint& local = local_of(path.listeners[listener]);
    connect(client.socket.fd(), local.data(), local.size());
  };
  connect_to(path.client, 0);
  connect_to(other, 1);
  for (size_t i = 0; i < 30; ++i) {
    path.tun.write(ipv4(1, 2, i));
    path.tun.write(ipv4(1, 7, i));
  }
  path.down.forward(path.peers.get_network(0));
  CHECK(path.count(Counter::udpPacketsSent) == 60);
  DataKey other_opener{client_key(0)};
  for (size_t i = 0; i < 30; ++i) {
    CHECK(opened(path.opener, receive(path.client.socket.fd())) == ipv4(1, 2, i));
    CHECK(opened(other_opener, receive(other.socket.fd())) == ipv4(1, 7, i));
  }
}

TEST("data path: a peer with the epoch format is served like any other") {
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
  path.tun.write(ipv4(1, 2));
  path.down.forward(path.peers.get_network(0));
  CHECK(opened(key, receive(path.client.socket.fd())) == ipv4(1, 2));
  CHECK(path.peer().statistics.transport_sent_bytes == ipv4(1, 2).size() + 28);
  Bytes unknown = seal(key, kPeer, kPing);
  unknown[4] = 0x70;
  path.receive(unknown);
  CHECK(path.count(Counter::dropUnknownEpoch) == 1);
}

TEST("data path: packets that do not open end with the key's patience") {
  Setup path;
  KeyMaterial material = engine_key(0);
  material.aead_limits.failures_near = 1;
  material.aead_limits.failures = 2;
  path.peer().primary = std::make_unique<DataKey>(material);
  Bytes forged = seal(path.sender, kPeer, kPing);
  forged.back() ^= 1;
  for (int i = 0; i < 5; ++i) path.receive(forged);
  CHECK(path.count(Counter::dropBadTag) == 3 && path.count(Counter::dropOpenExhausted) == 2);
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].reason == LimitReason::failed_decryptions);
}

TEST("data path: a TUN device that was deleted is told from one that is empty") {
  Setup path;
  Network& network = path.peers.get_network(0);
  CHECK(path.down.forward(network));
  path.tun.host_end = FileDescriptor();
  CHECK(!path.down.forward(network));
  path.receive(seal(path.sender, kPeer, ipv4(2, 1)));
  CHECK(path.count(Counter::dropTunWriteFailed) == 1);
}
