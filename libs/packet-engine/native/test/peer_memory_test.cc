#include <malloc.h>

#include <cstdio>
#include <random>

#include "check.h"
#include "fixture.h"
#include "keepalives.h"
#include "networks.h"
#include "peer_table.h"

using namespace fixture;

namespace {

// A sanitizer's allocator tells nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasurable = false;
#else
constexpr bool kMeasurable = true;
#endif

size_t allocated() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct Crowd {
  static constexpr uint32_t kPeers = 10000;

  Networks networks;
  PeerTable peers;

  void add(uint32_t id, bool epoch) {
    Peer peer;
    peer.id = id;
    peer.network = &networks.get(0);
    const auto low = static_cast<uint8_t>(id);
    const auto high = static_cast<uint8_t>(id >> 8);
    peer.ipv4 = Ipv4Address{10, 8, high, low};
    peer.ipv6 = Ipv6Address{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, high, low};
    peer.routes = {Ipv4Prefix{{10, 9, high, low}, 32}};
    KeyMaterial material = engine_key(0);
    material.epoch = epoch;
    if (epoch) material.seal_iv = material.open_iv = {};
    peer.primary = std::make_unique<DataKey>(material);
    Peer& added = peers.add(std::move(peer));
    peers.timers().arm(added, peers.now() + 10, peers.now());
  }
};

size_t bytes_for_each(bool epoch) {
  Crowd crowd;
  crowd.networks.add(0, one_queue());
  const size_t before = allocated();
  for (uint32_t id = 0; id < Crowd::kPeers; ++id) crowd.add(id, epoch);
  return (allocated() - before) / Crowd::kPeers;
}

}  // namespace

TEST("peer memory: an idle peer with a key, two addresses, a route and a timer takes at most 4 KiB") {
  if (!kMeasurable) return;
  const size_t classic = bytes_for_each(false);
  const size_t epoch = bytes_for_each(true);
  std::printf("  %zu bytes for each peer (%zu with epoch keys), of which struct Peer has %zu\n", classic, epoch,
              sizeof(Peer));
  CHECK(classic > sizeof(Peer) && classic <= 4096);
  CHECK(epoch > sizeof(Peer) && epoch <= 4096);
}

TEST("peer memory: peers that come, rekey and go leave nothing behind and touch no other") {
  Crowd crowd;
  crowd.networks.add(0, one_queue());
  crowd.add(1, false);
  const Peer* const constant = crowd.peers.find(1);
  const DataKey* const key = constant->primary.get();
  size_t after_first_round = 0;
  for (int round = 0; round < 5; ++round) {
    for (uint32_t id = 2; id < 2000; ++id) crowd.add(id, false);
    for (uint32_t id = 2; id < 2000; id += 3) {
      Peer& peer = crowd.peers.get(id);
      for (uint8_t key_id = 1; key_id < 4; ++key_id) {
        auto next = std::make_unique<DataKey>(engine_key(key_id));
        peer.set_key(Slot::secondary, next);
        peer.primary.swap(peer.secondary);
      }
    }
    for (uint32_t id = 2; id < 2000; ++id) crowd.peers.remove(id);
    CHECK(crowd.peers.timers().size() == 1);
    CHECK(crowd.peers.find(1) == constant && constant->primary.get() == key);
    if (round == 0) after_first_round = allocated();
  }
  if (kMeasurable) CHECK(allocated() <= after_first_round + 64 * 1024);
}
