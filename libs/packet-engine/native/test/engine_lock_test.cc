#include "engine_lock.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "check.h"

using namespace sallyport;

TEST("engine lock: a thread that never rests lets each verb in after the event that it is at") {
  EngineLock lock;
  std::atomic<bool> done = false;
  std::atomic<bool> starved = false;
  std::atomic<uint64_t> events = 0;
  std::thread worker([&] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    EngineLock::Work turn(lock);
    while (!done && !starved) {
      ++events;
      turn.give_way();
      starved = std::chrono::steady_clock::now() > end;
    }
  });
  while (events == 0) std::this_thread::yield();
  uint64_t during = 0;
  for (int i = 0; i < 300; ++i) {
    const std::lock_guard turn(lock);
    const uint64_t before = events;
    std::this_thread::yield();
    during += events - before;
  }
  done = true;
  worker.join();
  CHECK(during == 0);
  CHECK(events > 1 && !starved);
}
