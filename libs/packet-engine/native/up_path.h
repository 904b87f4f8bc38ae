#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "counters.h"
#include "peer_table.h"
#include "receive_batch.h"
#include "stream_table.h"
#include "upward_queue.h"

namespace sallyport {

// What happens to a packet on its way from the transport to a TUN device. Used in the turn of its shard.
class UpPath {
 public:
  UpPath(PeerTable& peers, Counters& counters, UpwardQueue& upward)
      : peers_(peers), counters_(counters), upward_(upward) {}

  void receive(const ReceiveBatch::Datagram& datagram);
  // `admitted` is about streams.
  Received receive(const Path& path, std::span<uint8_t> bytes, bool admitted);

 private:
  void drop(Counter reason) { counters_.add(reason); }
  Received refuse(Counter reason, Received received = Received::dropped);
  Received receive_control(const Path& path, std::span<const uint8_t> bytes, bool admitted);
  Received receive_data(const Path& path, std::span<uint8_t> bytes);
  Received refuse_unopened(Opened::Result result);
  void follow(Peer& peer, const Path& path);
  bool receive_magic(Peer& peer, std::span<const uint8_t> text);
  void deliver(Peer& peer, std::span<uint8_t> text);

  PeerTable& peers_;
  Counters& counters_;
  UpwardQueue& upward_;
};

}  // namespace sallyport
