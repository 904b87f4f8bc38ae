#include "peer_limits.h"

#include "check.h"
#include "down_fixture.h"
#include "monotonic.h"
#include "up_fixture.h"

using namespace sallyport;

namespace {

constexpr uint64_t kSecond = 1'000'000'000;
// At a start that no clock of the test machine has passed.
constexpr uint64_t kFuture = uint64_t{1} << 62;

// What of an offer of `packets` packets of `bytes` bytes in each millisecond passes in `seconds` seconds.
uint64_t passed(TrafficLimiter limiter, size_t bytes, int packets, uint64_t seconds, uint64_t start) {
  uint64_t admitted = 0;
  for (uint64_t ms = 0; ms < seconds * 1000; ++ms) {
    for (int i = 0; i < packets; ++i) admitted += limiter.admit(bytes, start + ms * kSecond / 1000);
  }
  return admitted;
}

}  // namespace

TEST("peer limits: over a long time exactly the rate and one burst pass, by whichever rate is scarcer") {
  const TrafficRate rate{{.per_second = 1'000'000, .burst = 100'000}, {.per_second = 1000, .burst = 100}};
  const TrafficLimiter limiter(rate, kSecond);
  // 1000 bytes: both allow 1000 packets per second, after a burst of 100.
  CHECK(passed(limiter, 1000, 3, 60, kSecond) == 60 * 1000 + 100 - 1);
  // 100 bytes: the packets are scarce. 2000 bytes: the bytes are.
  CHECK(passed(limiter, 100, 3, 60, kSecond) == 60 * 1000 + 100 - 1);
  const uint64_t large = passed(limiter, 2000, 3, 60, kSecond);
  CHECK(large == 60 * 500 + 50 - 1);
}

TEST("peer limits: what one rate stops takes nothing of the other") {
  const TrafficRate rate{{.per_second = 1000, .burst = 1000}, {.per_second = 10, .burst = 10}};
  TrafficLimiter limiter(rate, kSecond);
  CHECK(limiter.admit(900, kSecond));
  for (int i = 0; i < 100; ++i) CHECK(!limiter.admit(900, kSecond));
  for (int i = 0; i < 9; ++i) CHECK(limiter.admit(10, kSecond));
  CHECK(!limiter.admit(10, kSecond));
}

TEST("peer limits: without a rate everything passes") {
  TrafficLimiter limiter;
  CHECK(!TrafficRate{}.limits());
  for (int i = 0; i < 1000; ++i) CHECK(limiter.admit(65535, 0));
}

TEST("peer limits: a super-packet pays for each packet that it stands for, and is cut off where the tokens end") {
  down_fixture::Setup path;
  // It fills up after the test's end.
  const TrafficRate five{{}, {.per_second = 1, .burst = 5}};
  path.peer().limits = std::make_unique<PeerLimits>(TrafficLimiter(), TrafficLimiter(five, monotonic_ns()));
  const down_fixture::SuperPacket burst({}, 8000, 1000);
  path.write(burst.header, burst.packet);
  CHECK(path.forward());
  CHECK(path.count(Counter::dropRateLimited) == 3);
  CHECK(path.arrive({burst.segments.begin(), burst.segments.begin() + 5}));
  CHECK(path.peer().statistics.sent_packets == 5);
  CHECK(path.peer().drops.read(18) == 3);
  CHECK(path.networks.get(0).drops().read(18) == 3);
}

TEST("peer limits: pings do not pay") {
  down_fixture::Setup path;
  const TrafficRate none{{}, {.per_second = 1, .burst = 1}};
  path.peer().limits = std::make_unique<PeerLimits>(TrafficLimiter(), TrafficLimiter(none, kFuture));
  for (int i = 0; i < 3; ++i) path.down.ping(path.peer());
  path.down.flush();
  CHECK(path.count(Counter::pingsSent) == 3 && path.count(Counter::dropRateLimited) == 0);
}

TEST("peer limits: a forged packet takes nothing of what its pretended sender may send") {
  up_fixture::Setup path;
  const TrafficRate two{{}, {.per_second = 1, .burst = 2}};
  path.peer().limits = std::make_unique<PeerLimits>(TrafficLimiter(two, monotonic_ns()), TrafficLimiter());
  std::vector<Bytes> good;
  for (int i = 0; i < 3; ++i) good.push_back(path.sealed(fixture::ipv4(2, 1)));
  for (int i = 0; i < 10; ++i) {
    Bytes forged = path.sealed(fixture::ipv4(2, 1));
    forged.back() ^= 1;
    path.receive(forged);
    path.receive(path.sealed(fixture::ipv4(3, 1)));
    path.receive(path.sealed(up_fixture::kPingText));
  }
  CHECK(path.count(Counter::dropBadTag) == 10 && path.count(Counter::dropSourceAddress) == 10);
  path.receive_batch(good);
  CHECK(path.delivered().size() == 2);
  CHECK(path.count(Counter::dropRateLimited) == 1 && path.peer().statistics.received_packets == 2);
  CHECK(path.networks.get(0).total().received_packets == 2);
}
