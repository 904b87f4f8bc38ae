#pragma once

#include <cstdint>

#include "down_path.h"
#include "peer_table.h"
#include "upward_queue.h"

namespace sallyport {

// What silence brings: pings to peers that were sent nothing, reports of peers that sent nothing. Used in the turn of
// its shard.
class Keepalives {
 public:
  Keepalives(PeerTable& peers, DownPath& down, UpwardQueue& upward) : peers_(peers), down_(down), upward_(upward) {}

  // Lets `seconds` pass.
  void tick(uint64_t seconds);

 private:
  PeerTable& peers_;
  DownPath& down_;
  UpwardQueue& upward_;
};

}  // namespace sallyport
