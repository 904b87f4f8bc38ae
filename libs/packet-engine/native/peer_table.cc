#include "peer_table.h"

#include <string>
#include <utility>
#include <vector>

#include "failure.h"

namespace sallyport {

Peer& PeerTable::get(uint32_t peer_id) const {
  if (Peer* peer = find(peer_id)) return *peer;
  throw Failure("unknown-peer", "there is no peer " + std::to_string(peer_id));
}

Peer& PeerTable::add(Peer described) {
  if (find(described.id)) throw Failure("duplicate-peer", "peer " + std::to_string(described.id) + " exists");
  auto peer = std::make_unique<Peer>(std::move(described));
  Peer& added = *peer;
  added.network->add_routes(added, shard_);
  added.network_statistics = &added.network->statistics(shard_);
  peers_.add(added.id, std::move(peer));
  return added;
}

void PeerTable::remove(uint32_t peer_id) {
  Peer& peer = get(peer_id);
  peer.network->remove_routes(peer);
  timers_.disarm(peer);
  peers_.remove(peer_id);
}

void PeerTable::remove_of(const Network& network) {
  std::vector<uint32_t> doomed;
  for_each([&](const Peer& peer) {
    if (peer.network == &network) doomed.push_back(peer.id);
  });
  for (const uint32_t peer_id : doomed) remove(peer_id);
}

void PeerTable::clear() {
  timers_.clear();
  peers_.clear();
}

}  // namespace sallyport
