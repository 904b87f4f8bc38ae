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

  // Takes `units` when there is credit left; one that is dearer than the whole burst passes when the bucket is full.
  bool take(uint64_t units, uint64_t now_ns) {
    if (rate_.per_second == 0) return true;
    const auto price = static_cast<uint64_t>(static_cast<unsigned __int128>(units) * kSecondNs / rate_.per_second);
    const auto capacity =
        static_cast<uint64_t>(static_cast<unsigned __int128>(rate_.burst) * kSecondNs / rate_.per_second);
    const uint64_t full_at = std::max(full_at_ns_, now_ns);
    const uint64_t debt = full_at - now_ns;
    if (debt != 0 && debt + price > capacity) return false;
    full_at_ns_ = full_at + price;
    return true;
  }

 private:
  static constexpr uint64_t kSecondNs = 1'000'000'000;

  Rate rate_;
  // When the bucket is full again if nothing more is taken.
  uint64_t full_at_ns_ = 0;
};

}  // namespace sallyport
