#include "token_bucket.h"

#include <random>

#include "check.h"

using namespace sallyport;

namespace {

constexpr uint64_t kSecond = 1'000'000'000;

}  // namespace

TEST("token bucket: without a rate everything passes") {
  TokenBucket bucket;
  CHECK(bucket.take(1ULL << 62, 0));
}

TEST("token bucket: a burst passes at once, the rest at the rate") {
  TokenBucket bucket({.per_second = 1000, .burst = 100}, 0);
  int passed = 0;
  for (int unit = 0; unit < 500; ++unit) passed += bucket.take(1, 0);
  CHECK(passed == 100);
  passed = 0;
  for (uint64_t ms = 1; ms <= 1000; ++ms) {
    for (int unit = 0; unit < 5; ++unit) passed += bucket.take(1, ms * kSecond / 1000);
  }
  CHECK(passed == 1000);
}

TEST("token bucket: what is dearer than the burst passes when the bucket is full, and is paid for") {
  TokenBucket bucket({.per_second = 1000, .burst = 100}, 0);
  CHECK(bucket.take(2000, 0));
  CHECK(!bucket.take(1, kSecond));
  CHECK(bucket.take(1, 2 * kSecond));
}

TEST("token bucket: over any time no more than the burst and the rate passes") {
  std::mt19937_64 random(1);
  TokenBucket bucket({.per_second = 12345678, .burst = 3000}, 0);
  uint64_t now = 0;
  uint64_t passed = 0;
  for (int packet = 0; packet < 200000; ++packet) {
    now += random() % 200000;
    const uint64_t bytes = 1 + random() % 1500;
    if (bucket.take(bytes, now)) passed += bytes;
  }
  const double seconds = static_cast<double>(now) / 1e9;
  CHECK(static_cast<double>(passed) <= seconds * 12345678 + 3000 + 1500);
  CHECK(static_cast<double>(passed) >= seconds * 12345678 * 0.4);
}
