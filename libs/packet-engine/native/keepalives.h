#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "down_path.h"
#include "peer_table.h"
#include "upward_queue.h"

namespace sallyport {

// What silence brings: pings to peers that were sent nothing, reports of peers that sent nothing. Both paths of a peer
// only note the tick of its last packet; its timer looks at the notes when it fires. Used in the turn of its shard.
class Keepalives {
 public:
  Keepalives(PeerTable& peers, DownPath& down, UpwardQueue& upward) : peers_(peers), down_(down), upward_(upward) {}

  // Replaces the peer's keepalive and starts both of its timers anew.
  void set(Peer& peer, const Keepalive& keepalive);
  // Lets `seconds` pass. Answers as `go_on` does.
  bool tick(uint64_t seconds);
  // Sees to some of the peers whose timers have fired: so many that all peers together would take kSlices calls.
  // Answers whether others wait, which the caller lets do so for a moment, so that many pings do not leave in one
  // burst.
  bool go_on();

 private:
  static constexpr size_t kLeastSlice = 64;
  static constexpr size_t kSlices = 64;

  void look_at(Peer& peer);
  void arm(Peer& peer);

  PeerTable& peers_;
  DownPath& down_;
  UpwardQueue& upward_;
  std::vector<Peer*> seen_;
};

}  // namespace sallyport
