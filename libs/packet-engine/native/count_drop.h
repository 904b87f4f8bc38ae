#pragma once

#include <cstdint>

#include "counters.h"
#include "network.h"
#include "peer.h"

namespace sallyport {

// Tells a peer and its network of a drop that the engine has counted.
inline void tell_drop(Counter reason, Peer& peer, uint64_t packets = 1) {
  peer.network->drops().add(reason, packets);
  peer.drops.add(reason, packets);
}

// Counts a drop wherever it can be told: in the engine, and in the network and the peer that it concerns.
inline void count_drop(Counters& counters, Counter reason, const Network& network, uint64_t packets = 1) {
  counters.add(reason, packets);
  network.drops().add(reason, packets);
}
inline void count_drop(Counters& counters, Counter reason, Peer& peer, uint64_t packets = 1) {
  counters.add(reason, packets);
  tell_drop(reason, peer, packets);
}

}  // namespace sallyport
