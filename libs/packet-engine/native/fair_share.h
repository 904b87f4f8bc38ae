#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace sallyport {

// How much each of the peers of one window wanted, by size, so that a fair level is found without looking at them.
class Demands {
 public:
  // Least cost of a packet, and so the least demand that there is.
  static constexpr uint32_t kLeast = 1024;
  static constexpr uint64_t kNoLevel = std::numeric_limits<uint64_t>::max();

  // A peer that wanted `before` (0: nothing) wants `after` now.
  void move(uint32_t before, uint32_t after);
  // The level that leaves a total of `room` when everybody gets what he wants up to there (max-min fairness), if
  // everybody wants `quarters` quarters of what was seen; kNoLevel when nobody wants much more than it.
  uint64_t level(uint64_t room, uint64_t quarters) const;
  void clear();

 private:
  // Eight for each power of two.
  static constexpr size_t kSizes = 176;

  struct Size {
    uint64_t total = 0;
    uint32_t peers = 0;

    uint64_t mean() const { return total / peers; }
  };

  static size_t place(uint32_t demand);

  std::array<Size, kSizes> sizes_{};
  uint32_t peers_ = 0;
};

// Shares what a saturated shard can do fairly between its peers, in one direction. A direction is saturated when for
// whole windows every round leaves packets waiting. Then a packet is refused if its peer has already had the max-min
// fair share of what the shard handled in the window before: what light peers leave unused belongs to the heavy ones.
//
// Guaranteed: as long as nothing waits, nothing is refused, so that no capacity is left unused for the sake of
// fairness; a peer that is alone is never refused anything; nor is a peer within its share, whatever others send.
//
// Not guaranteed: sockets and TUN devices queue first in, first out, and what they drop for want of room is lost before
// anybody here sees it. Light peers lose there until refusals, which cost little, have made room; that takes a few
// windows. Packets of streams of bytes, and those that other shards hand over, are counted and refused like all others,
// but what waits of them makes nothing saturated. After a full round packets are taken to wait until the next one ends,
// or for eight windows. Shares are of one shard, over a window, and no finer than a packet. Whoever forges the address
// of a peer besides its id spends what is the peer's.
class FairShare {
 public:
  // What a peer has asked for in one window.
  struct Claim {
    uint32_t window = 0;
    uint32_t cost = 0;
  };

  // In nanoseconds. Two of them without a pause are saturation; the queue of a socket holds more than one.
  static constexpr uint64_t kWindow = 10'000'000;
  // What any packet costs besides its bytes, in bytes: system calls and look-ups against encryption and copies.
  static constexpr uint32_t kPacketCost = Demands::kLeast;

  // Whether the peer of this claim may have another packet handled.
  bool admit(Claim& claim, size_t packet_bytes) {
    return !counting_ || weigh(claim, static_cast<uint32_t>(packet_bytes) + kPacketCost);
  }
  // Begins a round at `now`, by a clock that never goes back; before anything is admitted in it, whether or not
  // somebody ends it, which only those do who can say whether it left packets waiting.
  void begin_round(uint64_t now);
  // Ends a round that began at `now`; `full` says that it left packets waiting.
  void end_round(uint64_t now, bool full);

 private:
  bool weigh(Claim& claim, uint32_t cost);
  void begin_window(uint64_t now);
  void end_window(uint64_t elapsed);

  // Only while rounds are full does anybody count.
  bool counting_ = false;
  bool waiting_ = false;
  bool drained_ = false;
  bool refused_ = false;
  uint32_t window_ = 0;
  // Windows in a row that left packets waiting all the time.
  size_t full_windows_ = 0;
  uint64_t begun_ = 0;
  uint64_t handled_ = 0;
  // What a window has room for.
  uint64_t capacity_ = 0;
  uint64_t level_ = Demands::kNoLevel;
  Demands demands_;
};

}  // namespace sallyport
