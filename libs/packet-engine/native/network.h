#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "drops.h"
#include "inner_prefix.h"
#include "ip_packet.h"
#include "peer.h"
#include "prefix_table.h"
#include "tun_device.h"

namespace sallyport {

// Whose address leads a packet of the TUN device to a peer: the receiver's (a server), or the sender's (a client, where
// the peer is the server and the addresses of a peer are the client's own).
enum class RouteBy : uint8_t { destination, source };

inline constexpr size_t kMaxShards = 16;

// Where an inner prefix leads. Only the shard may touch its peer.
struct Route {
  Peer* peer;
  uint32_t peer_id;
  uint32_t shard;
};

// One TUN device, with a queue for each shard, and the inner prefixes that lead to peers; two networks may use the same
// prefixes. Read by all shards, each in its turn, and changed in the turn of all.
class Network {
 public:
  Network(uint32_t index, std::vector<TunDevice> queues, RouteBy route_by = RouteBy::destination)
      : index_(index), route_by_(route_by), queues_(std::move(queues)) {}

  uint32_t index() const { return index_; }
  // A device with fewer queues than shards shares them.
  const TunDevice& queue(size_t shard = 0) const { return queues_[shard % queues_.size()]; }
  size_t queues() const { return queues_.size(); }

  // Of a packet of the TUN device: the longest prefix wins; nullptr when nobody has it.
  const Route* route(const IpHeader& header) const;
  // Whether a packet of the peer is one that would be answered to this same peer, and not link-local.
  bool may_send(const Peer& peer, const IpHeader& header) const;

  // All of a peer's prefixes or none. Throws Failure `duplicate-address` or `duplicate-route`.
  void add_routes(Peer& peer, uint32_t shard);
  void remove_routes(const Peer& peer);

  // What the peers of a shard carry. Anyone may read the totals.
  PeerStatistics& statistics(size_t shard) { return traffic_[shard].statistics; }
  PeerStatistics total() const;
  NetworkDrops& drops() const { return drops_; }

 private:
  // On cache lines of its own, since each has a thread that writes to it.
  struct alignas(64) Traffic {
    PeerStatistics statistics;
  };

  bool insert(const InnerPrefix& prefix, const Route& route);
  void erase(const InnerPrefix& prefix);

  uint32_t index_;
  RouteBy route_by_;
  std::vector<TunDevice> queues_;
  PrefixTable<4, Route> ipv4_routes_;
  PrefixTable<16, Route> ipv6_routes_;
  std::array<Traffic, kMaxShards> traffic_;
  mutable NetworkDrops drops_;
};

}  // namespace sallyport
