#pragma once

#include <time.h>

#include <cstdint>

namespace sallyport {

// A clock that never goes back, in nanoseconds. Asking costs no system call.
inline uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace sallyport
