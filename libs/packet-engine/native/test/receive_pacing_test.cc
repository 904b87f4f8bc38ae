#include "receive_pacing.h"

#include "check.h"

using namespace sallyport;

namespace {

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kMicrosecond = 1'000;

// Receives one message at a time at this rate; gives the time of the last one.
uint64_t run(ReceivePacing& pacing, uint64_t from, uint64_t duration, uint64_t rate) {
  uint64_t now = from;
  for (; now < from + duration; now += 1'000'000'000 / rate) pacing.received(now, 1, true);
  return now;
}

}  // namespace

TEST("receive pacing: who sends little is answered at once, however long he does") {
  ReceivePacing pacing;
  const uint64_t last = run(pacing, 5 * kMillisecond, 100 * kMillisecond, ReceivePacing::kStartRate - 1000);
  CHECK(pacing.delay(last) == 0);
}

TEST("receive pacing: a burst after a silence is answered at once") {
  ReceivePacing pacing;
  run(pacing, 0, 10 * kMillisecond, 100);
  const uint64_t burst = 1'000 * kMillisecond;
  for (uint64_t i = 0; i < 20; ++i) {
    pacing.received(burst + i * kMicrosecond, 1, true);
    CHECK(pacing.delay(burst + i * kMicrosecond) == 0);
  }
}

TEST("receive pacing: at a high rate the next receive waits until the gap is over, and no longer") {
  ReceivePacing pacing;
  const uint64_t now = run(pacing, kMillisecond, 10 * kMillisecond, 2 * ReceivePacing::kStartRate);
  pacing.received(now, 1, true);
  CHECK(pacing.delay(now) == ReceivePacing::kGap);
  CHECK(pacing.delay(now + 150 * kMicrosecond) == ReceivePacing::kGap - 150 * kMicrosecond);
  CHECK(pacing.delay(now + ReceivePacing::kGap) == 0);
  CHECK(pacing.delay(now + kMillisecond) == 0);
}

TEST("receive pacing: what already waits is not put off") {
  ReceivePacing pacing;
  const uint64_t now = run(pacing, kMillisecond, 10 * kMillisecond, 2 * ReceivePacing::kStartRate);
  pacing.received(now, 32, false);
  CHECK(pacing.delay(now) == 0);
  pacing.received(now + 1, 3, true);
  CHECK(pacing.delay(now + 1) == ReceivePacing::kGap);
}

TEST("receive pacing: goes on when pacing itself has slowed the sender down, and ends when he has") {
  ReceivePacing pacing;
  uint64_t now = run(pacing, kMillisecond, 10 * kMillisecond, 2 * ReceivePacing::kStartRate);
  now = run(pacing, now, 10 * kMillisecond, ReceivePacing::kStopRate + 1000);
  CHECK(pacing.delay(now - 1) > 0 || pacing.delay(now - 100 * kMicrosecond) > 0);
  now = run(pacing, now, 10 * kMillisecond, ReceivePacing::kStopRate - 1000);
  pacing.received(now, 1, true);
  CHECK(pacing.delay(now) == 0);
}

TEST("receive pacing: a sender who falls silent leaves nothing behind") {
  ReceivePacing pacing;
  const uint64_t now = run(pacing, kMillisecond, 10 * kMillisecond, 10 * ReceivePacing::kStartRate);
  const uint64_t later = now + 1'000 * kMillisecond;
  pacing.received(later, 1, true);
  CHECK(pacing.delay(later) == 0);
}
