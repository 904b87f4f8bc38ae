#pragma once

#include <atomic>
#include <cstdint>

namespace sallyport {

// A total with one writer, which pays no more for it than for a plain number; anyone may read it at any time.
class Tally {
 public:
  Tally() = default;
  // What holds totals is made in one place and then moved to where it is used.
  Tally(const Tally& other) : value_(other.read()) {}
  Tally& operator=(const Tally& other) {
    value_.store(other.read(), std::memory_order_relaxed);
    return *this;
  }

  void add(uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  Tally& operator+=(uint64_t amount) {
    add(amount);
    return *this;
  }
  Tally& operator++() { return *this += 1; }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }
  operator uint64_t() const { return read(); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace sallyport
