#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sallyport {

// Names and order are those of src/engine-counters.ts; the loader refuses an addon that differs.

// The drops that can be told to a peer. Of a packet that did not open only its sender's word says whose it is.
#define SALLYPORT_PEER_DROPS(X) \
  X(dropTooShort)               \
  X(dropWrongRemote)            \
  X(dropUnknownKey)             \
  X(dropUnknownEpoch)           \
  X(dropBadTag)                 \
  X(dropReplayed)               \
  X(dropOpenExhausted)          \
  X(dropCompressed)             \
  X(dropNotIp)                  \
  X(dropSourceAddress)          \
  X(dropCongestionMark)         \
  X(dropTunWriteFailed)         \
  X(dropNoKey)                  \
  X(dropKeyExhausted)           \
  X(dropTooBig)                 \
  X(dropStreamQueueFull)        \
  X(dropUnknownStream)          \
  X(dropSendFailed)             \
  X(dropRateLimited)            \
  X(dropUnfair)

// The drops that can be told to a network and to none of its peers.
#define SALLYPORT_NETWORK_DROPS(X) \
  X(dropTooLong)                   \
  X(dropBadVirtioHeader)           \
  X(dropNoRoute)

#define SALLYPORT_COUNTERS(X) \
  X(udpPacketsReceived)       \
  X(udpPacketsSent)           \
  X(tcpPacketsReceived)       \
  X(tcpPacketsSent)           \
  X(tunPacketsReceived)       \
  X(tunPacketsSent)           \
  X(controlPacketsReceived)   \
  SALLYPORT_PEER_DROPS(X)     \
  SALLYPORT_NETWORK_DROPS(X)  \
  X(dropBadOpcode)            \
  X(dropControlQueueFull)     \
  X(dropUnknownPeer)          \
  X(dropNoSourcePort)         \
  X(dropStreamLimit)          \
  X(dropStreamOriginLimit)    \
  X(dropForeignStream)        \
  X(dropInboxFull)            \
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
  X(tooBigAnswered)           \
  X(fallbacksSegmentation)    \
  X(fallbacksSegmentCount)    \
  X(fallbacksPathMtu)         \
  X(occIgnored)               \
  X(packetsHandedOver)        \
  X(fallbacksTunWrite)        \
  X(receivePauses)

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

// What happened in one shard, or by verbs: whatever has one writer at a time, so that counting locks nothing and no two
// threads write to one cache line. Read by anyone.
class alignas(64) Counters {
 public:
  void add(Counter counter, uint64_t amount = 1) {
    std::atomic<uint64_t>& value = values_[static_cast<size_t>(counter)];
    value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  uint64_t read(Counter counter) const { return read(static_cast<size_t>(counter)); }
  uint64_t read(size_t index) const { return values_.at(index).load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kCounterNames.size()> values_{};
};

// Sums of Counters. Each value is exact on its own; a reading of all of them is not one instant.
class CounterTotals {
 public:
  void add(const Counters& counters) {
    for (size_t i = 0; i < values_.size(); ++i) values_[i] += counters.read(i);
  }
  uint64_t read(Counter counter) const { return read(static_cast<size_t>(counter)); }
  uint64_t read(size_t index) const { return values_.at(index); }

 private:
  std::array<uint64_t, kCounterNames.size()> values_{};
};

}  // namespace sallyport
