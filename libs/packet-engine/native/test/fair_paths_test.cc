#include <algorithm>

#include "check.h"
#include "count_drop.h"
#include "down_fixture.h"
#include "stream_fixture.h"
#include "up_fixture.h"

using namespace fixture;

namespace {

constexpr uint32_t kLight = 9;
constexpr int kWindows = 8;
constexpr int kHeavyPackets = 60;

uint64_t unfair(const Peer& peer) {
  const auto place = std::find(kNetworkDrops.begin(), kNetworkDrops.end(), Counter::dropUnfair) - kNetworkDrops.begin();
  return peer.drops.read(static_cast<size_t>(place));
}

// A heavy and a light peer, and one round in each window.
struct Up : up_fixture::Setup {
  Peer& light = add_peer(kLight, loopback(9), kLight);
  DataKey light_sender{client_key(0)};
  uint64_t now = FairShare::kWindow;

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

  // Each round reads 256 packets, of which 250 are the heavy peer's.
  void run(int rounds, size_t packets = 256) {
    for (int round = 0; round < rounds; ++round) {
      for (size_t i = 0; i < packets; ++i) write(ipv4(1, i < 6 ? down_fixture::kOther : 1));
      CHECK(forward());
      down.end_round(now += FairShare::kWindow);
    }
  }
};

}  // namespace

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
