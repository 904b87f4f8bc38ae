#include "replay_window.h"

#include <algorithm>

namespace sallyport {

bool ReplayWindow::fresh(uint64_t id) const {
  if (id == 0) return false;
  if (id > newest_) return true;
  if (newest_ - id >= kIds) return false;
  return (seen_[word_of(id)] & bit_of(id)) == 0;
}

void ReplayWindow::accept(uint64_t id) {
  if (id > newest_) {
    const uint64_t entered = std::min(id / kWordBits - newest_ / kWordBits, kWords);
    for (uint64_t i = 1; i <= entered; ++i) seen_[(newest_ / kWordBits + i) % kWords] = 0;
    newest_ = id;
  }
  seen_[word_of(id)] |= bit_of(id);
}

}  // namespace sallyport
