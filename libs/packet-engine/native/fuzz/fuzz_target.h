#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

// What the fuzz targets share. Each file `NAME_fuzz.cc` is one target, for libFuzzer or for replay.cc.
namespace fuzz {

using Bytes = std::vector<uint8_t>;

// Takes an input apart from its front; behind its end there are only zeros.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }
  uint8_t u8() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  uint16_t u16() {
    const uint8_t high = u8();
    return static_cast<uint16_t>(high << 8 | u8());
  }
  uint32_t u32() {
    const uint32_t high = u16();
    return high << 16 | u16();
  }
  // As many bytes as are left of `most`, in memory of their own, so that a sanitizer sees each step beyond their ends.
  Bytes bytes(size_t most) {
    const auto taken = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return {taken.begin(), taken.end()};
  }

 private:
  std::span<const uint8_t> rest_;
};

inline void require(bool holds, const char* expression, const char* file, int line) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, expression);
  std::abort();
}

}  // namespace fuzz

#define HOLDS(expression) fuzz::require(static_cast<bool>(expression), #expression, __FILE__, __LINE__)

// libFuzzer's entry: takes one input, and aborts when an invariant does not hold.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
