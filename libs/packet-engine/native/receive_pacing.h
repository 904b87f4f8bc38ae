#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport {

// Decides how long a data thread lets datagrams gather before it receives again. Being woken and going to sleep cost
// about as much as ten datagrams do, and a client that sends one with each system call would have it done for every
// few of them. All times are nanoseconds of one clock that never goes back.
class ReceivePacing {
 public:
  // From one receive to the next, and so the most that a datagram waits. At 500 Mbit/s of full-size packets about ten
  // gather in this time; twice as long would save little more, and hundreds of microseconds are what a round trip to
  // the next city takes.
  static constexpr uint64_t kGap = 200'000;
  // Messages per second from which on it paces, three in each gap, and under which it stops again. Less would put off
  // what does not get cheaper by it: calls, terminals, queries.
  static constexpr uint64_t kStartRate = 15'000;
  static constexpr uint64_t kStopRate = 7'500;
  // A rate is that of this time, so that neither a burst nor a pause of one connection is one.
  static constexpr uint64_t kWindow = 2'000'000;

  // At `now`, `messages` were received; `drained` says that no more waited.
  void received(uint64_t now, size_t messages, bool drained) {
    count_ += messages;
    next_ = drained ? now + kGap : 0;
    const uint64_t elapsed = now - window_start_;
    if (elapsed < kWindow) return;
    pacing_ = count_ * kSecond >= (pacing_ ? kStopRate : kStartRate) * elapsed;
    window_start_ = now;
    count_ = 0;
  }

  // Whether `delay` can be more than 0.
  bool paces() const { return pacing_; }
  // How long from `now` on the next receive should be put off; 0 when not at all.
  uint64_t delay(uint64_t now) const { return pacing_ && next_ > now ? next_ - now : 0; }

 private:
  static constexpr uint64_t kSecond = 1'000'000'000;

  uint64_t window_start_ = 0;
  uint64_t count_ = 0;
  uint64_t next_ = 0;
  bool pacing_ = false;
};

}  // namespace sallyport
