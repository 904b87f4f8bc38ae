#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "count_drop.h"
#include "counters.h"
#include "fair_share.h"
#include "neighbours.h"
#include "network.h"
#include "outbox.h"
#include "peer_table.h"
#include "segmenter.h"
#include "upward_queue.h"
#include "virtio_header.h"

namespace sallyport {

// What happens to a packet on its way from a TUN device to the transport. A super-packet is cut here. The hop limit of
// what goes through is the business of the host that routes it, before the TUN device and behind it. Used in the turn
// of its shard.
class DownPath {
 public:
  DownPath(PeerTable& peers, Outbox& outbox, Counters& counters, UpwardQueue& upward, Neighbours& neighbours);

  // Seals and sends up to one batch of what waits in the TUN device; false when the device no longer exists.
  bool forward(const Network& network);
  // Seals a packet or super-packet as it came from the TUN device; what is not sent by then leaves with the next flush.
  void forward_one(const Network& network, const VirtioHeader& header, std::span<const uint8_t> packet);
  // Seals a ping, which leaves with the next flush.
  void ping(Peer& peer);
  void flush();
  // Begins a round at `now`, before anything is forwarded in it.
  void begin_round(uint64_t now) { fair_.begin_round(now); }
  // Ends a round that began at `now`, of the batches of all devices.
  void end_round(uint64_t now);

 private:
  void drop(Peer& peer, Counter reason, size_t packets = 1) { count_drop(counters_, reason, peer, packets); }
  void forward_to(Peer& peer, const Segmenter& segmenter, uint8_t traffic_class);
  std::optional<PacketBuffer> begin(Peer& peer);
  bool seal(Peer& peer, PacketBuffer packet, size_t inner_bytes, uint8_t traffic_class);
  void answer_too_big(Peer& peer, const Segmenter& segmenter);
  void account(const Departure& departure);

  PeerTable& peers_;
  Outbox& outbox_;
  Counters& counters_;
  UpwardQueue& upward_;
  Neighbours& neighbours_;
  // For one super-packet.
  std::unique_ptr<uint8_t[]> room_;
  FairShare fair_;
  // Of this round: whether anything was read, and whether a device has more.
  bool read_ = false;
  bool full_ = false;
};

}  // namespace sallyport
