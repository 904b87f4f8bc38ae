#include "keepalives.h"

namespace sallyport {

void Keepalives::tick(uint64_t seconds) {
  peers_.pass(seconds);
  const uint64_t now = peers_.now();
  peers_.for_each([&](Peer& peer) {
    const Keepalive& keepalive = peer.keepalive;
    if (keepalive.interval != 0 && now - peer.last_sent_tick >= keepalive.interval) down_.ping(peer);
    // A tick may come right after the last packet, so a silence of `timeout` seconds is one of more ticks than that.
    if (keepalive.timeout == 0 || peer.timeout_reported || now - peer.last_received_tick <= keepalive.timeout) return;
    peer.timeout_reported = true;
    upward_.push_event({Event::Type::peer_timeout, peer.id});
  });
  down_.flush();
}

}  // namespace sallyport
