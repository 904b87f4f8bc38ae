#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "count_drop.h"
#include "counters.h"
#include "delivery.h"
#include "ecn.h"
#include "fair_share.h"
#include "neighbours.h"
#include "network.h"
#include "peer_table.h"
#include "receive_batch.h"
#include "stream_table.h"
#include "upward_queue.h"

namespace sallyport {

// What happens to a packet on its way from the transport to a TUN device. Used in the turn of its shard.
class UpPath {
 public:
  UpPath(PeerTable& peers, Delivery& delivery, Counters& counters, UpwardQueue& upward, Neighbours& neighbours)
      : peers_(peers), delivery_(delivery), counters_(counters), upward_(upward), neighbours_(neighbours) {}

  // Packets are opened where they are and must stay there until the flush.
  void receive(const ReceiveBatch::Datagram& datagram);
  // `bytes` is not empty; `admitted` is about streams, which carry no congestion marks either.
  Received receive(const Path& path, std::span<uint8_t> bytes, bool admitted, Ecn outer = Ecn::not_ect);
  // Ends a batch: what was received is written to the devices.
  void flush() { delivery_.flush(); }
  // Begins a round at `now`, before anything is received in it.
  void begin_round(uint64_t now) { fair_.begin_round(now); }
  // Ends a round of batches that began at `now`; `full` says that a socket has more datagrams.
  void end_round(uint64_t now, bool full) { fair_.end_round(now, full); }

 private:
  void drop(Counter reason) { counters_.add(reason); }
  void drop(Peer& peer, Counter reason) { count_drop(counters_, reason, peer); }
  Received refuse(Counter reason);
  Received refuse(Peer& peer, Counter reason, Received received = Received::dropped);
  Received receive_control(const Path& path, std::span<const uint8_t> bytes, bool admitted);
  Received receive_data(const Path& path, std::span<uint8_t> bytes, Ecn outer);
  Received open(Peer& peer, const Path& path, std::span<uint8_t> bytes, Ecn outer);
  Received refuse_unopened(Peer& peer, Opened::Result result);
  void follow(Peer& peer, const Path& path);
  bool receive_magic(Peer& peer, std::span<const uint8_t> text);
  void deliver(Peer& peer, std::span<uint8_t> text, Ecn outer);

  PeerTable& peers_;
  Delivery& delivery_;
  Counters& counters_;
  UpwardQueue& upward_;
  Neighbours& neighbours_;
  FairShare fair_;
};

}  // namespace sallyport
