#include "drops.h"

#include <algorithm>

#include "check.h"
#include "count_drop.h"
#include "down_fixture.h"
#include "up_fixture.h"

using namespace fixture;

namespace {

uint64_t read(const Peer& peer, Counter reason) {
  const auto place = std::find(kNetworkDrops.begin(), kNetworkDrops.end(), reason) - kNetworkDrops.begin();
  return peer.drops.read(static_cast<size_t>(place));
}
uint64_t read(const Network& network, Counter reason) {
  const auto place = std::find(kNetworkDrops.begin(), kNetworkDrops.end(), reason) - kNetworkDrops.begin();
  return network.drops().read(static_cast<size_t>(place));
}

}  // namespace

TEST("drops: what a peer loses is told to it and to its network, and to nobody else") {
  up_fixture::Setup path;
  const Peer& other = path.add_peer(9, loopback(9), 9);
  path.networks.add(1, one_queue());
  const Peer& elsewhere = path.add_peer(10, loopback(10), 2, 1);
  const Bytes good = path.sealed(ipv4(2, 1));
  path.receive(good);
  path.receive(good);
  path.receive(path.sealed(ipv4(3, 1)));
  path.receive(path.sealed(ipv4(3, 1)));
  CHECK(read(path.peer(), Counter::dropReplayed) == 1 && read(path.peer(), Counter::dropSourceAddress) == 2);
  const Network& network = path.networks.get(0);
  CHECK(read(network, Counter::dropReplayed) == 1 && read(network, Counter::dropSourceAddress) == 2);
  CHECK(path.count(Counter::dropReplayed) == 1 && path.count(Counter::dropSourceAddress) == 2);
  for (const Counter reason : kNetworkDrops) {
    CHECK(read(path.networks.get(1), reason) == 0);
    if (read(network, reason) > 0) CHECK(read(other, reason) == 0 && read(elsewhere, reason) == 0);
  }
}

TEST("drops: what a TUN device gives that is for nobody is told to its network") {
  down_fixture::Setup path;
  path.write(ipv4(1, 99));
  path.write(Bytes(40, 0));
  path.forward();
  const Network& network = path.networks.get(0);
  CHECK(read(network, Counter::dropNoRoute) == 1 && read(network, Counter::dropNotIp) == 1);
  CHECK(read(path.peer(), Counter::dropNotIp) == 0);
}

TEST("drops: a network keeps the traffic of peers that have gone, a new peer begins at nothing") {
  up_fixture::Setup path;
  path.receive(path.sealed(ipv4(2, 1)));
  path.receive(path.sealed(ipv4(3, 1)));
  path.peers.remove(up_fixture::kPeer);
  path.add_peer(up_fixture::kPeer, path.client.socket.local(), 2);
  DataKey key(client_key(0));
  path.receive(seal(key, up_fixture::kPeer, ipv4(2, 1)));
  CHECK(path.peer().statistics.received_packets == 1 && read(path.peer(), Counter::dropSourceAddress) == 0);
  CHECK(path.networks.get(0).total().received_packets == 2);
  CHECK(read(path.networks.get(0), Counter::dropSourceAddress) == 1);
}
