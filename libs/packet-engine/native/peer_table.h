#pragma once

#include <cstdint>
#include <memory>

#include "flat_map.h"
#include "network.h"
#include "peer.h"
#include "timer_wheel.h"

namespace sallyport {

// The peers of one shard, and the time by which their silences are measured. Pointers to them stay valid until they are
// removed. A peer comes and goes with its routes, which concerns all shards.
class PeerTable {
 public:
  explicit PeerTable(uint32_t shard = 0) : shard_(shard) {}

  // In ticks of one second.
  uint64_t now() const { return now_; }
  void pass(uint64_t seconds) { now_ += seconds; }
  TimerWheel& timers() { return timers_; }

  Peer* find(uint32_t peer_id) const {
    const auto* peer = peers_.find(peer_id);
    return peer == nullptr ? nullptr : peer->get();
  }
  // Throws Failure `unknown-peer`.
  Peer& get(uint32_t peer_id) const;

  // `peer` names its network; throws Failure `duplicate-peer`, `duplicate-address` or `duplicate-route`.
  Peer& add(Peer peer);
  void remove(uint32_t peer_id);
  void remove_of(const Network& network);
  void clear();

  template <class Visitor>
  void for_each(Visitor visit) const {
    peers_.for_each([&](const std::unique_ptr<Peer>& peer) { visit(*peer); });
  }

 private:
  struct Hash {
    uint64_t operator()(uint32_t peer_id) const { return mix_bits(peer_id); }
  };

  uint32_t shard_;
  uint64_t now_ = 0;
  FlatMap<uint32_t, std::unique_ptr<Peer>, Hash> peers_;
  TimerWheel timers_;
};

}  // namespace sallyport
