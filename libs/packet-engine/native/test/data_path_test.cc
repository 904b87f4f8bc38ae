#include "data_path.h"

#include "check.h"
#include "failure.h"
#include "fixture.h"

using namespace fixture;

namespace {

constexpr uint32_t kPeer = 0x010002;
const Bytes kPing = from_hex("2a187bf3641eb4cb07ed2d0a981fc748");
const Bytes kOcc = from_hex("287f346bd4ef7a812d56b8d3afc5459c");

// The data path without its thread: one peer 10.8.0.2 with a primary key 0.
struct Path {
  PeerTable peers;
  Counters counters;
  UpwardQueue upward{[] {}};
  DataPath path{peers, counters, upward};
  FakeTun tun;
  UdpSocket socket{*EndPoint::parse("127.0.0.1", 0)};
  Client client;
  DataKey sender{client_key(0)};
  DataKey opener{client_key(0)};

  Path() {
    path.set_socket(socket.fd());
    peers.add_network(0, std::move(tun.engine_end));
    Peer peer;
    peer.id = kPeer;
    peer.network = &peers.get_network(0);
    peer.remote = client.socket.local();
    peer.ipv4 = Ipv4Address{10, 8, 0, 2};
    peer.primary = std::make_unique<DataKey>(engine_key(0));
    peers.add(std::move(peer));
  }
  void receive(Bytes bytes) { path.receive({client.socket.local(), bytes, false}); }
  uint64_t count(Counter counter) const { return counters.read(counter); }
  Peer& peer() { return peers.get(kPeer); }
};

}  // namespace

TEST("data path: every reason to drop a received packet has its counter") {
  Path path;
  const Bytes good = seal(path.sender, kPeer, ipv4(2, 1));

  path.receive({});
  path.receive(Bytes(good.begin(), good.begin() + kDataOverheadBytes));
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
  path.path.receive({*EndPoint::parse("127.0.0.1", 1), other, false});
  CHECK(path.count(Counter::dropWrongRemote) == 1);
  path.path.receive({path.client.socket.local(), other, true});
  CHECK(path.count(Counter::dropTooLong) == 1);
  Bytes reset(60, 0x50);
  path.path.receive({*EndPoint::parse("127.0.0.1", 0), reset, false});
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
  Path path;
  path.peer().ipv6 = Ipv6Address{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  path.receive(seal(path.sender, kPeer,
                    from_hex("6000000000003a40fe800000000000000000000000000002"
                             "fd000000000000000000000000000001")));
  CHECK(path.count(Counter::dropSourceAddress) == 1);
}

TEST("data path: pings and OCC messages end in the engine") {
  Path path;
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
  Path path;
  Network& network = path.peers.get_network(0);
  path.tun.write(ipv4(1, 9));
  path.tun.write(Bytes(40, 0));
  path.tun.write(Bytes(kMaxInnerBytes + 1, 0x45));
  CHECK(path.path.forward(network));
  CHECK(path.count(Counter::dropNoRoute) == 1);
  CHECK(path.count(Counter::dropNotIp) == 1);
  CHECK(path.count(Counter::dropTooLong) == 1);
  path.peer().primary.reset();
  path.tun.write(ipv4(1, 2));
  path.path.forward(network);
  CHECK(path.count(Counter::dropNoKey) == 1);
  KeyMaterial material = engine_key(1);
  material.first_packet_id = 0xFFFFFFFF;
  path.peer().primary = std::make_unique<DataKey>(material);
  path.tun.write(ipv4(1, 2));
  path.tun.write(ipv4(1, 2));
  path.path.forward(network);
  CHECK(path.count(Counter::dropKeyExhausted) == 1);
  CHECK(path.count(Counter::udpPacketsSent) == 1);
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::key_limit && batch.events[0].key_id == 1);
}

TEST("data path: a datagram that the kernel refuses does not take its neighbours with it") {
  Path path;
  Peer unreachable;
  unreachable.id = 7;
  unreachable.network = &path.peers.get_network(0);
  unreachable.remote = *EndPoint::parse("127.0.0.1", 0);  // port 0 gives EINVAL
  unreachable.ipv4 = Ipv4Address{10, 8, 0, 7};
  unreachable.primary = std::make_unique<DataKey>(engine_key(0));
  path.peers.add(std::move(unreachable));
  for (const uint8_t destination : {2, 7, 7, 2, 7, 2}) path.tun.write(ipv4(1, destination));
  path.path.forward(path.peers.get_network(0));
  CHECK(path.count(Counter::udpPacketsSent) == 3);
  CHECK(path.count(Counter::dropSendFailed) == 3);
  CHECK(path.peers.get(7).statistics.sent_packets == 0);
  CHECK(path.peer().statistics.sent_packets == 3);
  for (int i = 0; i < 3; ++i) CHECK(opened(path.opener, receive(path.client.socket.fd())) == ipv4(1, 2));
}

TEST("data path: an idle peer is pinged, a silent one is reported once") {
  Path path;
  path.peer().keepalive = {2, 3};
  path.path.tick(1);
  CHECK(path.count(Counter::pingsSent) == 0);
  path.path.tick(1);
  CHECK(path.count(Counter::pingsSent) == 1);
  CHECK(opened(path.opener, receive(path.client.socket.fd())) == kPing);
  path.path.tick(1);
  path.receive(seal(path.sender, kPeer, kPing));
  path.path.tick(1);
  CHECK(path.count(Counter::pingsSent) == 2);
  path.path.tick(2);
  CHECK(path.upward.take(1).events.empty());
  path.path.tick(1);
  path.path.tick(5);
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::peer_timeout);
}

TEST("data path: the secondary key opens and is reported, sealing moves with a swap") {
  Path path;
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

TEST("data path: a TUN device that was deleted is told from one that is empty") {
  Path path;
  Network& network = path.peers.get_network(0);
  CHECK(path.path.forward(network));
  path.tun.host_end = FileDescriptor();
  CHECK(!path.path.forward(network));
  path.receive(seal(path.sender, kPeer, ipv4(2, 1)));
  CHECK(path.count(Counter::dropTunWriteFailed) == 1);
}

TEST("peer table: refuses what exists, forgets a network with its peers") {
  Path path;
  const auto code = [](const std::function<void()>& body) -> std::string {
    try {
      body();
      return "none";
    } catch (const Failure& failure) {
      return failure.code();
    }
  };
  const auto peer = [&](uint32_t id, uint32_t network, uint8_t host) {
    Peer made;
    made.id = id;
    made.network = &path.peers.get_network(network);
    made.ipv4 = Ipv4Address{10, 8, 0, host};
    return made;
  };
  path.peers.add_network(1, FileDescriptor());
  CHECK(code([&] { path.peers.add_network(1, FileDescriptor()); }) == "duplicate-network");
  CHECK(code([&] { path.peers.add(peer(kPeer, 0, 9)); }) == "duplicate-peer");
  CHECK(code([&] { path.peers.add(peer(9, 0, 2)); }) == "duplicate-address");
  CHECK(code([&] { path.peers.add(peer(9, 1, 2)); }) == "none");
  CHECK(code([&] { path.peers.remove(77); }) == "unknown-peer");
  path.peers.remove_network(0);
  CHECK(path.peers.find(kPeer) == nullptr);
  CHECK(path.peers.find(9) != nullptr);
  CHECK(code([&] { path.peers.get_network(0); }) == "unknown-network");
}
