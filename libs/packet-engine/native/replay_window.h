#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sallyport {

// Remembers which of the newest packet ids were seen (RFC 6479's ring of words: sliding clears words, never shifts).
// Ids start at 1. Call `accept` only for an authenticated packet that was `fresh`.
class ReplayWindow {
 public:
  static constexpr uint64_t kIds = 2048;

  // False for id 0, for an id that was accepted before, and for one more than kIds - 1 below the newest.
  bool fresh(uint64_t id) const;
  void accept(uint64_t id);
  // 0 until an id was accepted.
  uint64_t newest() const { return newest_; }

 private:
  static constexpr uint64_t kWordBits = 64;
  // One word more than the window, so that clearing the newest word never forgets an id still inside it.
  static constexpr uint64_t kWords = kIds / kWordBits + 1;

  static size_t word_of(uint64_t id) { return (id / kWordBits) % kWords; }
  static uint64_t bit_of(uint64_t id) { return uint64_t{1} << (id % kWordBits); }

  uint64_t newest_ = 0;
  std::array<uint64_t, kWords> seen_{};
};

}  // namespace sallyport
