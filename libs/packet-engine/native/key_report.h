#pragma once

#include "peer_table.h"
#include "upward_queue.h"

namespace sallyport {

// Tells the owner what has become of a key that was just used.
inline void report_key(UpwardQueue& upward, const Peer& peer, DataKey& key) {
  if (key.take_first_use()) upward.push_event({Event::Type::key_used, peer.id, key.key_id()});
  while (const auto reason = key.take_limit_notice()) {
    upward.push_event({Event::Type::key_limit, peer.id, key.key_id(), *reason});
  }
}

}  // namespace sallyport
