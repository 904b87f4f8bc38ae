#include "timer_wheel.h"

#include <algorithm>

#include "peer.h"

namespace sallyport {

void TimerWheel::arm(Peer& peer, uint64_t at, uint64_t now) {
  disarm(peer);
  const uint64_t tick = std::clamp(at, now + 1, now + kMaxTicks);
  std::vector<Peer*>& slot = slots_[tick % kSlots];
  peer.timer = {static_cast<uint32_t>(slot.size()), static_cast<uint16_t>(tick % kSlots)};
  slot.push_back(&peer);
  ++size_;
}

void TimerWheel::disarm(Peer& peer) {
  if (peer.timer.slot == kSlots) return;
  std::vector<Peer*>& slot = slots_[peer.timer.slot];
  slot[peer.timer.index] = slot.back();
  slot[peer.timer.index]->timer = peer.timer;
  slot.pop_back();
  peer.timer = {};
  --size_;
}

Peer* TimerWheel::take(uint64_t now) {
  if (now - done_ > kMaxTicks) make_all_due(now);
  for (; done_ < now; ++done_) {
    std::vector<Peer*>& slot = slots_[(done_ + 1) % kSlots];
    if (slot.empty()) continue;
    Peer* const peer = slot.back();
    disarm(*peer);
    return peer;
  }
  return nullptr;
}

// After so long a sleep the slots of the past and those of the future would be the same.
void TimerWheel::make_all_due(uint64_t now) {
  std::vector<Peer*> all;
  for (auto& slot : slots_) all.insert(all.end(), slot.begin(), slot.end());
  clear();
  for (Peer* peer : all) {
    peer->timer = {};
    arm(*peer, now, now - 1);
  }
  done_ = now - 1;
}

void TimerWheel::clear() {
  for (auto& slot : slots_) slot.clear();
  size_ = 0;
}

}  // namespace sallyport
