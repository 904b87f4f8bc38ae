#pragma once

#include <algorithm>
#include <cstdint>

namespace sallyport {

// A rate in units per second with room for bursts; 0 is no limit. `burst` is at least 1 unit when there is a rate.
struct Rate {
  uint64_t per_second = 0;
  uint64_t burst = 0;
};

// Says what is within a rate. Time is any clock that never goes back, in nanoseconds. One unit of credit is kept in
// parts of a nanosecond's share, so that nothing is lost however often it is asked.
class TokenBucket {
 public:
  TokenBucket() = default;
  TokenBucket(const Rate& rate, uint64_t now_ns) : rate_(rate), full_at_ns_(now_ns) {}

  // Whether there is credit for `units`; what is dearer than the whole burst is affordable when the bucket is full.
  bool affords(uint64_t units, uint64_t now_ns) const {
    if (rate_.per_second == 0 || full_at_ns_ <= now_ns) return true;
    return full_at_ns_ - now_ns + price_of(units) <= price_of(rate_.burst);
  }
  // Takes `units` when they are affordable.
  bool take(uint64_t units, uint64_t now_ns) {
    if (!affords(units, now_ns)) return false;
    if (rate_.per_second != 0) full_at_ns_ = std::max(full_at_ns_, now_ns) + price_of(units);
    return true;
  }

 private:
  static constexpr uint64_t kSecondNs = 1'000'000'000;

  uint64_t price_of(uint64_t units) const {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(units) * kSecondNs / rate_.per_second);
  }

  Rate rate_;
  // When the bucket is full again if nothing more is taken.
  uint64_t full_at_ns_ = 0;
};

}  // namespace sallyport
