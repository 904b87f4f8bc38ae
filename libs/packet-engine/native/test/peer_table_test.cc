#include "peer_table.h"

#include "check.h"
#include "fixture.h"
#include "networks.h"

using namespace fixture;

namespace {

constexpr uint32_t kPeer = 0x010002;

Peer peer_of(Network& network, uint32_t id, uint8_t host) {
  Peer peer;
  peer.id = id;
  peer.network = &network;
  peer.ipv4 = Ipv4Address{10, 8, 0, host};
  return peer;
}

}  // namespace

TEST("peer table: refuses what exists and what does not, and forgets the peers of a network") {
  Networks networks;
  PeerTable peers;
  Network& red = networks.add(0, one_queue());
  Network& blue = networks.add(1, one_queue());
  peers.add(peer_of(red, kPeer, 2));
  CHECK(code_of([&] { peers.add(peer_of(red, kPeer, 9)); }) == "duplicate-peer");
  CHECK(code_of([&] { peers.add(peer_of(red, 9, 2)); }) == "duplicate-address");
  CHECK(peers.find(9) == nullptr);
  peers.add(peer_of(blue, 9, 2));
  CHECK(code_of([&] { peers.remove(77); }) == "unknown-peer");
  peers.remove_of(red);
  CHECK(peers.find(kPeer) == nullptr);
  CHECK(peers.find(9) != nullptr);
  peers.add(peer_of(red, kPeer, 2));
  CHECK(peers.get(kPeer).network == &red);
}

TEST("networks: an index has one network, until it is removed") {
  Networks networks;
  networks.add(7, one_queue());
  CHECK(code_of([&] { networks.add(7, one_queue()); }) == "duplicate-network");
  CHECK(code_of([&] { networks.get(8); }) == "unknown-network");
  CHECK(code_of([&] { networks.remove(8); }) == "unknown-network");
  networks.remove(7);
  CHECK(networks.find(7) == nullptr);
  networks.add(7, one_queue());
  CHECK(networks.get(7).index() == 7);
}
