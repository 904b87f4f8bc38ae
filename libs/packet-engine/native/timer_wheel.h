#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sallyport {

struct Peer;

// Says which peers to look at in which tick. A peer is in one slot at most; what moves a deadline back does not come
// here: whoever looks at a peer too early arms it again.
class TimerWheel {
 public:
  static constexpr size_t kSlots = 256;

  static constexpr uint64_t kMaxTicks = kSlots / 2 - 1;

  // Where a peer is.
  struct Place {
    uint32_t index = 0;
    uint16_t slot = kSlots;
  };

  size_t size() const { return size_; }
  // In the tick `at`, later than `now`, or sooner when that is more than kMaxTicks away.
  void arm(Peer& peer, uint64_t at, uint64_t now);
  void disarm(Peer& peer);
  // Takes one of the peers that are due up to `now`, earlier ticks first; nullptr when there is none.
  Peer* take(uint64_t now);
  void clear();

 private:
  void make_all_due(uint64_t now);

  std::array<std::vector<Peer*>, kSlots> slots_;
  size_t size_ = 0;
  // The last tick of which all peers were taken.
  uint64_t done_ = 0;
};

}  // namespace sallyport
