#include <algorithm>

#include "check.h"
#include "count_drop.h"
#include "down_fixture.h"
#include "shard.h"
#include "stream_fixture.h"
#include "up_fixture.h"

using namespace fixture;

namespace {

constexpr uint32_t kLight = 9;
constexpr int kWindows = 8;
constexpr int kHeavyPackets = 60;
constexpr uint64_t kPause = 100 * FairShare::kWindow;

uint64_t unfair(const Peer& peer) {
  const auto place = std::find(kNetworkDrops.begin(), kNetworkDrops.end(), Counter::dropUnfair) - kNetworkDrops.begin();
  return peer.drops.read(static_cast<size_t>(place));
}

// A heavy and a light peer, and one round in each window.
struct Up : up_fixture::Setup {
  Peer& light = add_peer(kLight, loopback(9), kLight);
  DataKey light_sender{client_key(0)};
  uint64_t now = FairShare::kWindow;

  // Begins the round after a pause.
  void rest() { up.begin_round(now += kPause); }
  void end_round(bool full) { up.end_round(now += FairShare::kWindow, full); }
  void send_light() { receive_at(loopback(9), seal(light_sender, kLight, ipv4(kLight, 1))); }
  void run(bool full, int windows = kWindows) {
    for (int window = 0; window < windows; ++window) {
      for (int i = 0; i < kHeavyPackets; ++i) receive(sealed(ipv4(2, 1)));
      send_light();
      send_light();
      end_round(full);
    }
  }
};

struct Down : down_fixture::Setup {
  Peer& light = add_other();
  uint64_t now = FairShare::kWindow;

  // Begins the round after a pause.
  void rest() { down.begin_round(now += kPause); }
  // Each round reads 256 packets, of which 250 are the heavy peer's.
  void run(int rounds, size_t packets = 256) {
    for (int round = 0; round < rounds; ++round) {
      for (size_t i = 0; i < packets; ++i) write(ipv4(1, i < 6 ? down_fixture::kOther : 1));
      CHECK(forward());
      down.end_round(now += FairShare::kWindow);
    }
  }
};

// A shard with its thread, a heavy and a light peer.
struct Running {
  static constexpr uint32_t kHeavy = 1;

  Networks networks;
  UpwardQueue upward{[] {}};
  Inboxes inboxes{1};
  Shard shard{0, networks, inboxes, upward};
  FakeTun tun;
  Client heavy;
  Client light;
  DataKey heavy_sender{client_key(0)};
  DataKey light_sender{client_key(0)};

  Running() {
    const int room = 4 * 1024 * 1024;
    setsockopt(tun.host_end.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    const Shard::Turn turn = shard.take_turn();
    shard.epoll().watch(tun.engine_end.get(), Epoll::Source::network, 0);
    networks.add(0, one_queue(std::move(tun.engine_end)));
    shard.listeners().emplace_back(std::in_place_type<UdpSocket>, loopback());
    shard.epoll().watch(descriptor_of(shard.listeners()[0]), Epoll::Source::listener, 0);
    add_peer(kHeavy, heavy);
    add_peer(kLight, light);
    shard.start();
  }
  EndPoint server() { return local_of(shard.listeners()[0]); }
  void add_peer(uint32_t id, const Client& client) {
    Peer peer;
    peer.id = id;
    peer.network = &networks.get(0);
    peer.path = {0, Transport::udp, client.socket.local(), server(), 0};
    peer.ipv4 = Ipv4Address{10, 8, 0, static_cast<uint8_t>(id)};
    peer.primary = std::make_unique<DataKey>(engine_key(0));
    shard.peers().add(std::move(peer));
  }
  uint64_t count(Counter counter) const { return shard.counters().read(counter); }

  // Lets it find `packets` packets at once, which `counter` counts, and answers how many of them it refused.
  template <class Send>
  uint64_t refused_of(size_t packets, Counter counter, Send send) {
    const uint64_t refused = count(Counter::dropUnfair);
    const uint64_t wanted = count(counter) + packets;
    {
      const Shard::Turn turn = shard.take_turn();
      for (size_t i = 0; i < packets; ++i) send(i);
    }
    CHECK(eventually([&] { return count(counter) == wanted; }));
    // Until its own turn is over.
    shard.take_turn();
    return count(Counter::dropUnfair) - refused;
  }
  // As many as it receives with one call.
  uint64_t up() {
    return refused_of(ReceiveBatch::kMessages, Counter::udpPacketsReceived, [&](size_t i) {
      if (i < 4) return light.send(server(), seal(light_sender, kLight, ipv4(kLight, 1)));
      heavy.send(server(), seal(heavy_sender, kHeavy, ipv4(kHeavy, 1)));
    });
  }
  // As many as it reads of a device in one round.
  uint64_t down() {
    return refused_of(256, Counter::tunPacketsReceived,
                      [&](size_t i) { tun.write(ipv4(100, i < 6 ? kLight : kHeavy)); });
  }
};

void pause(uint64_t nanoseconds) { std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds)); }

}  // namespace

TEST("fair paths: a shard refuses nothing after a pause, even if its last round took all that there was") {
  Running running;
  for (const auto round : {&Running::up, &Running::down}) {
    bool refused = false;
    for (int i = 0; i < 200 && !refused; ++i) {
      refused = (running.*round)() > 0;
      pause(FairShare::kWindow);
    }
    CHECK(refused);
    pause(10 * FairShare::kWindow);
    CHECK((running.*round)() == 0);
  }
}

TEST("fair paths: on the way up a saturated shard refuses the heavy peer alone, and tells whom it refused") {
  Up path;
  path.run(true);
  CHECK(unfair(path.peer()) > 0 && unfair(path.light) == 0);
  CHECK(path.count(Counter::dropUnfair) == unfair(path.peer()));
  CHECK(path.light.statistics.received_packets == 2 * kWindows);
  CHECK(path.peer().statistics.received_packets + unfair(path.peer()) == kWindows * kHeavyPackets);
}

TEST("fair paths: on the way up a shard that is not saturated refuses nobody, and again once it is no more") {
  Up path;
  path.run(false, 20);
  CHECK(path.count(Counter::dropUnfair) == 0);
  path.run(true);
  path.run(false, 2);
  const uint64_t refused = path.count(Counter::dropUnfair);
  CHECK(refused > 0);
  path.run(false, 20);
  CHECK(path.count(Counter::dropUnfair) == refused);
}

TEST("fair paths: what is refused on the way up was not opened") {
  Up path;
  path.run(true);
  Bytes refused;
  for (int i = 0; i < kHeavyPackets && refused.empty(); ++i) {
    const uint64_t before = unfair(path.peer());
    const Bytes packet = path.sealed(ipv4(2, 1));
    path.receive(packet);
    if (unfair(path.peer()) > before) refused = packet;
  }
  path.end_round(false);
  const uint64_t received = path.peer().statistics.received_packets;
  path.receive(refused);
  CHECK(!refused.empty() && path.peer().statistics.received_packets == received + 1);
}

TEST("fair paths: on the way up nobody is refused after a pause, be it that only streams and other shards go on") {
  Up path;
  path.run(true);
  const uint64_t refused = path.count(Counter::dropUnfair);
  CHECK(refused > 0);
  path.rest();
  for (int i = 0; i < kHeavyPackets; ++i) path.receive(path.sealed(ipv4(2, 1)));
  CHECK(path.count(Counter::dropUnfair) == refused);

  Up other;
  other.peer().path.transport = Transport::tcp;
  const auto send = [&other] {
    for (int i = 0; i < kHeavyPackets; ++i) {
      Bytes packet = other.sealed(ipv4(2, 1));
      CHECK(other.up.receive(other.peer().path, packet, true) == Received::data);
      other.up.flush();
    }
  };
  for (int window = 0; window < kWindows; ++window) {
    send();
    other.send_light();
    other.send_light();
    other.end_round(true);
  }
  const uint64_t refused_of_stream = unfair(other.peer());
  CHECK(refused_of_stream > 0);
  for (int round = 0; round < 10; ++round) {
    other.rest();
    send();
  }
  CHECK(unfair(other.peer()) == refused_of_stream);
}

TEST("fair paths: packets from elsewhere with a peer's id take nothing of its share unless they open") {
  Up path;
  for (int window = 0; window < kWindows; ++window) {
    Bytes forged = path.sealed(ipv4(2, 1));
    forged[1] = forged[2] = 0;
    forged[3] = kLight;
    forged.back() ^= 1;
    for (int i = 0; i < kHeavyPackets; ++i) {
      path.receive_at(loopback(77), forged);
      path.receive(path.sealed(ipv4(2, 1)));
    }
    path.send_light();
    path.send_light();
    path.end_round(true);
  }
  CHECK(path.count(Counter::dropBadTag) == kWindows * kHeavyPackets);
  CHECK(unfair(path.peer()) > 0 && unfair(path.light) == 0);
}

TEST("fair paths: a peer that sends each packet from another place gets no more than its share") {
  Up path;
  for (int window = 0; window < kWindows; ++window) {
    for (uint16_t i = 0; i < kHeavyPackets; ++i) {
      path.receive_at(loopback(static_cast<uint16_t>(2000 + i)), path.sealed(ipv4(2, 1)));
    }
    path.send_light();
    path.send_light();
    path.end_round(true);
  }
  CHECK(unfair(path.peer()) > 0 && unfair(path.light) == 0);
  CHECK(path.count(Counter::peersFloated) == kWindows * kHeavyPackets);
}

TEST("fair paths: on the way down a saturated shard refuses the heavy peer alone, before it seals") {
  Down path;
  path.run(kWindows);
  CHECK(unfair(path.peer()) > 0 && unfair(path.light) == 0);
  CHECK(path.light.statistics.sent_packets == 6 * kWindows);
  CHECK(path.peer().statistics.sent_packets + unfair(path.peer()) == 250 * kWindows);
  CHECK(path.count(Counter::dropUnfair) == unfair(path.peer()));
}

TEST("fair paths: on the way down nobody is refused anything while the device is read to its end") {
  Down path;
  path.run(20, 200);
  CHECK(path.count(Counter::dropUnfair) == 0);
  path.run(kWindows);
  path.run(3, 200);
  const uint64_t refused = path.count(Counter::dropUnfair);
  path.run(20, 200);
  CHECK(path.count(Counter::dropUnfair) == refused);
}

TEST("fair paths: on the way down nobody is refused after a pause, be it that only other shards hand packets over") {
  Down path;
  path.run(kWindows);
  const uint64_t refused = unfair(path.peer());
  const uint64_t sent = path.peer().statistics.sent_packets;
  CHECK(refused > 0);
  for (int round = 0; round < 10; ++round) {
    path.rest();
    for (int i = 0; i < 250; ++i) path.down.forward_one(path.networks.get(0), {}, ipv4(1, 1));
    path.down.flush();
  }
  CHECK(unfair(path.peer()) == refused && path.peer().statistics.sent_packets == sent + 2500);
}

TEST("fair paths: a peer by TCP is refused on the way down too, and its stream goes on") {
  Down path;
  path.listeners.emplace_back(std::in_place_type<TcpListener>, loopback(), false);
  const auto& listener = std::get<TcpListener>(path.listeners[1]);
  const stream_fixture::Connection connection(listener.local());
  CHECK(eventually([&] { return path.streams.accept(1, listener) && path.count(Counter::streamsAccepted) == 1; }));
  path.streams.attach(1, down_fixture::kPeer);
  path.peer().path = {1, Transport::tcp, path.client.socket.local(), listener.local(), 1};
  path.run(kWindows);
  CHECK(unfair(path.peer()) > 0 && unfair(path.light) == 0);
  const uint64_t sent = path.peer().statistics.sent_packets;
  CHECK(sent + unfair(path.peer()) == 250 * kWindows && path.count(Counter::dropStreamQueueFull) == 0);
  path.run(3, 100);
  CHECK(path.peer().statistics.sent_packets == sent + 3 * 94);
}
