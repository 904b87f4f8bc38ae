#include "keepalives.h"

#include <algorithm>

namespace sallyport {

void Keepalives::set(Peer& peer, const Keepalive& keepalive) {
  peer.keepalive = keepalive;
  peer.last_sent_tick = peer.last_received_tick = peers_.now();
  peer.timeout_reported = false;
  arm(peer);
}

bool Keepalives::tick(uint64_t seconds) {
  peers_.pass(seconds);
  return go_on();
}

bool Keepalives::go_on() {
  const size_t slice = std::max(kLeastSlice, peers_.timers().size() / kSlices);
  seen_.clear();
  while (seen_.size() < slice) {
    Peer* const peer = peers_.timers().take(peers_.now());
    if (peer == nullptr) break;
    look_at(*peer);
    seen_.push_back(peer);
  }
  // Only what has left counts as sent.
  down_.flush();
  for (Peer* peer : seen_) arm(*peer);
  return seen_.size() == slice;
}

void Keepalives::look_at(Peer& peer) {
  const Keepalive& keepalive = peer.keepalive;
  const uint64_t now = peers_.now();
  if (keepalive.interval != 0 && now - peer.last_sent_tick >= keepalive.interval) down_.ping(peer);
  // A tick may come right after the last packet, so a silence of `timeout` seconds is one of more ticks than that.
  if (keepalive.timeout == 0 || peer.timeout_reported || now - peer.last_received_tick <= keepalive.timeout) return;
  peer.timeout_reported = true;
  upward_.push_event({Event::Type::peer_timeout, peer.id});
}

void Keepalives::arm(Peer& peer) {
  const Keepalive& keepalive = peer.keepalive;
  uint64_t at = UINT64_MAX;
  if (keepalive.interval != 0) at = peer.last_sent_tick + keepalive.interval;
  if (keepalive.timeout != 0 && !peer.timeout_reported) {
    at = std::min(at, peer.last_received_tick + keepalive.timeout + 1);
  }
  if (at == UINT64_MAX) return peers_.timers().disarm(peer);
  peers_.timers().arm(peer, at, peers_.now());
}

}  // namespace sallyport
