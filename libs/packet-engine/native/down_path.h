#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "counters.h"
#include "outbox.h"
#include "peer_table.h"
#include "upward_queue.h"

namespace sallyport {

// What happens to a packet on its way from a TUN device to the transport. Used in the turn of its shard.
class DownPath {
 public:
  DownPath(PeerTable& peers, Outbox& outbox, Counters& counters, UpwardQueue& upward)
      : peers_(peers), outbox_(outbox), counters_(counters), upward_(upward) {}

  // Seals and sends up to one batch of what waits in the TUN device; false when the device no longer exists.
  bool forward(Network& network);
  // Seals a ping, which leaves with the next flush.
  void ping(Peer& peer);
  void flush();

 private:
  enum class Kind : uint8_t { packet, ping };
  struct Outgoing {
    Peer* peer;
    size_t inner_bytes;
    size_t packet_bytes;
    Kind kind;
  };

  void drop(Counter reason) { counters_.add(reason); }
  void forward_one(const Network& network, PacketBuffer packet);
  void seal(Peer& peer, PacketBuffer packet, Kind kind);

  PeerTable& peers_;
  Outbox& outbox_;
  Counters& counters_;
  UpwardQueue& upward_;
  std::array<Outgoing, kBatchPackets> outgoing_{};
};

}  // namespace sallyport
