#include "fair_share.h"

#include <algorithm>
#include <bit>

namespace sallyport {

namespace {

// After that long without the end of a round, what was counted says nothing any more.
constexpr uint64_t kStale = 8 * FairShare::kWindow;

// While packets are lost before they are seen, everybody wants more than is seen, and all by the same factor, which
// nobody knows. It is taken for greater, in quarters, the longer refusals have not made room.
constexpr std::array<uint64_t, 6> kQuartersWanted = {4, 4, 5, 8, 16, 32};

}  // namespace

size_t Demands::place(uint32_t demand) {
  constexpr int kLeastWidth = std::bit_width(kLeast);
  const int width = std::bit_width(demand);
  return static_cast<size_t>(width - kLeastWidth) * 8 + (demand >> (width - 4) & 7);
}

void Demands::move(uint32_t before, uint32_t after) {
  if (before == 0) {
    ++peers_;
  } else {
    Size& from = sizes_[place(before)];
    from.total -= before;
    --from.peers;
  }
  Size& to = sizes_[place(after)];
  to.total += after;
  ++to.peers;
}

uint64_t Demands::level(uint64_t room, uint64_t quarters) const {
  if (peers_ < 2) return kNoLevel;
  uint64_t peers = peers_;
  uint64_t level = kNoLevel;
  for (const Size& size : sizes_) {
    if (size.peers == 0) continue;
    if (level == kNoLevel && size.mean() * quarters / 4 > room / peers) level = room / peers;
    if (level == kNoLevel) {
      room -= std::min(room, size.total * quarters / 4);
      peers -= size.peers;
    } else if (size.mean() > level + level / 10) {
      return level;
    }
  }
  return kNoLevel;
}

void Demands::clear() { *this = {}; }

bool FairShare::weigh(Claim& claim, uint32_t cost) {
  const uint32_t before = claim.window == window_ ? claim.cost : 0;
  claim = {window_, before + cost};
  demands_.move(before, claim.cost);
  // However many peers there are, each gets something through.
  if (waiting_ && before != 0 && claim.cost > level_) {
    refused_ = true;
    return false;
  }
  handled_ += cost;
  return true;
}

void FairShare::begin_window(uint64_t now) {
  begun_ = now;
  ++window_;
  handled_ = 0;
  drained_ = false;
  refused_ = false;
  demands_.clear();
}

void FairShare::begin_round(uint64_t now) {
  if (now - begun_ >= kStale) counting_ = false;
}

void FairShare::end_round(uint64_t now, bool full) {
  waiting_ = full;
  drained_ = drained_ || !full;
  if (!counting_) {
    counting_ = full;
    full_windows_ = 0;
    level_ = Demands::kNoLevel;
    if (counting_) begin_window(now);
    return;
  }
  if (drained_ && level_ == Demands::kNoLevel) {
    counting_ = false;
    return;
  }
  if (now - begun_ < kWindow) return;
  end_window(now - begun_);
  begin_window(now);
}

void FairShare::end_window(uint64_t elapsed) {
  const uint64_t handled = handled_ * kWindow / elapsed;
  if (drained_) {
    full_windows_ = 0;
    // There was room for more than that, if not for much more.
    capacity_ = std::max(handled, capacity_ + capacity_ / 64);
    counting_ = refused_;
  } else {
    full_windows_ = std::min(full_windows_ + 1, kQuartersWanted.size() - 1);
    capacity_ = handled;
  }
  const uint64_t level = demands_.level(capacity_ * elapsed / kWindow, kQuartersWanted[full_windows_]);
  level_ = level == Demands::kNoLevel ? level : level * kWindow / elapsed;
}

}  // namespace sallyport
