#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

#include "counters.h"
#include "inbox.h"

namespace sallyport {

// The inboxes of all shards of an engine, by the shard's number.
class Inboxes {
 public:
  // Throws Failure `system-call-failed`.
  explicit Inboxes(size_t shards) : inboxes_(shards) {}

  uint32_t shards() const { return static_cast<uint32_t>(inboxes_.size()); }
  // The shard of a peer by UDP; peers by TCP belong to shard 0.
  uint32_t home_of(uint32_t peer_id) const { return peer_id % shards(); }
  Inbox& of(uint32_t shard) { return inboxes_[shard]; }

 private:
  std::deque<Inbox> inboxes_;
};

// The other shards as one shard sees them: whose a packet is, and how it gets there. Used in the turn of its shard.
class Neighbours {
 public:
  // What finds no room at a neighbour is counted in `counters`.
  Neighbours(Inboxes& inboxes, uint32_t shard, Counters& counters)
      : inboxes_(inboxes), shard_(shard), counters_(counters) {}

  uint32_t shard() const { return shard_; }
  // Whether the peer belongs to this shard, if it is one by UDP.
  bool is_home_of(uint32_t peer_id) const { return inboxes_.home_of(peer_id) == shard_; }

  // Gives a datagram of a peer to its shard.
  void hand_datagram(uint32_t peer_id, const Path& path, std::span<const uint8_t> bytes, uint8_t ecn = 0);
  // Gives a packet of this shard's queue of a TUN device to the shard of the peer that it goes to.
  void hand_inner(uint32_t shard, uint32_t network, const VirtioHeader& header, std::span<const uint8_t> bytes);
  // Wakes whoever was given something since the last call.
  void ring();

 private:
  void hand(uint32_t shard, const Inbox::Item& item, std::span<const uint8_t> bytes);

  Inboxes& inboxes_;
  uint32_t shard_;
  Counters& counters_;
  // A bit for each inbox that was empty before.
  uint32_t waiting_ = 0;
};

}  // namespace sallyport
