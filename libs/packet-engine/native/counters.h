#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sallyport {

// Names and order are those of ENGINE_COUNTERS in src/engine.ts; the loader refuses an addon that differs.
#define SALLYPORT_COUNTERS(X) \
  X(udpPacketsReceived)       \
  X(udpPacketsSent)           \
  X(tcpPacketsReceived)       \
  X(tcpPacketsSent)           \
  X(tunPacketsReceived)       \
  X(tunPacketsSent)           \
  X(controlPacketsReceived)   \
  X(dropTooShort)             \
  X(dropBadOpcode)            \
  X(dropControlQueueFull)     \
  X(dropUnknownPeer)          \
  X(dropWrongRemote)          \
  X(dropUnknownKey)           \
  X(dropUnknownEpoch)         \
  X(dropBadTag)               \
  X(dropReplayed)             \
  X(dropOpenExhausted)        \
  X(dropCompressed)           \
  X(dropNotIp)                \
  X(dropSourceAddress)        \
  X(dropNoRoute)              \
  X(dropNoKey)                \
  X(dropKeyExhausted)         \
  X(dropTooLong)              \
  X(dropNoSourcePort)         \
  X(dropSendFailed)           \
  X(dropTunWriteFailed)       \
  X(dropUnknownStream)        \
  X(dropStreamQueueFull)      \
  X(dropStreamLimit)          \
  X(dropStreamOriginLimit)    \
  X(dropForeignStream)        \
  X(streamsAccepted)          \
  X(streamsPassedOn)          \
  X(streamsPeerClosed)        \
  X(streamsDesynchronised)    \
  X(streamsBadPacket)         \
  X(streamsQueueFull)         \
  X(streamsIdle)              \
  X(streamsFailed)            \
  X(streamsHeldBack)          \
  X(peersFloated)             \
  X(pingsReceived)            \
  X(pingsSent)                \
  X(occIgnored)

enum class Counter : size_t {
#define SALLYPORT_COUNTER_MEMBER(name) name,
  SALLYPORT_COUNTERS(SALLYPORT_COUNTER_MEMBER)
#undef SALLYPORT_COUNTER_MEMBER
};

inline constexpr std::array kCounterNames = {
#define SALLYPORT_COUNTER_NAME(name) #name,
    SALLYPORT_COUNTERS(SALLYPORT_COUNTER_NAME)
#undef SALLYPORT_COUNTER_NAME
};

// Totals of one engine. Written by the engine's thread and by verbs, read by anyone; each value is exact on its
// own, a reading of all of them is not one instant.
class Counters {
 public:
  void add(Counter counter, uint64_t amount = 1) {
    values_[static_cast<size_t>(counter)].fetch_add(amount, std::memory_order_relaxed);
  }
  uint64_t read(Counter counter) const { return read(static_cast<size_t>(counter)); }
  uint64_t read(size_t index) const { return values_.at(index).load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kCounterNames.size()> values_{};
};

}  // namespace sallyport
