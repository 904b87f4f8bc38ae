#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "counters.h"

namespace sallyport {

// The drops that can be told to a network: those that can be told to one of its peers, and then what concerns no peer.
// Names and order are those of NETWORK_DROPS in src/traffic-counters.ts; the loader refuses an addon that differs. Of a
// packet that did not open only its sender's word says whose it is.
inline constexpr std::array kNetworkDrops = {
    Counter::dropTooShort,      Counter::dropWrongRemote,     Counter::dropUnknownKey,     Counter::dropUnknownEpoch,
    Counter::dropBadTag,        Counter::dropReplayed,        Counter::dropOpenExhausted,  Counter::dropCompressed,
    Counter::dropNotIp,         Counter::dropSourceAddress,   Counter::dropCongestionMark, Counter::dropTunWriteFailed,
    Counter::dropNoKey,         Counter::dropKeyExhausted,    Counter::dropTooBig,         Counter::dropStreamQueueFull,
    Counter::dropUnknownStream, Counter::dropSendFailed,      Counter::dropRateLimited,    Counter::dropUnfair,
    Counter::dropTooLong,       Counter::dropBadVirtioHeader, Counter::dropNoRoute,
};
inline constexpr size_t kPeerDrops = 20;

// Totals of the first `kSize` of kNetworkDrops; others are not counted. Any thread may count and read.
template <size_t kSize>
class DropTotals {
 public:
  void add(Counter reason, uint64_t amount) {
    const size_t place = kPlaces[static_cast<size_t>(reason)];
    if (place < kSize) values_[place].fetch_add(amount, std::memory_order_relaxed);
  }
  uint64_t read(size_t place) const { return values_.at(place).load(std::memory_order_relaxed); }

 private:
  static constexpr auto kPlaces = [] {
    std::array<size_t, kCounterNames.size()> places{};
    places.fill(kSize);
    for (size_t place = 0; place < kSize; ++place) places[static_cast<size_t>(kNetworkDrops[place])] = place;
    return places;
  }();

  std::array<std::atomic<uint64_t>, kSize> values_{};
};

using NetworkDrops = DropTotals<kNetworkDrops.size()>;

// The drops of one peer, which take memory from the first of them on. One thread counts, anyone reads.
class PeerDrops {
 public:
  PeerDrops() = default;
  PeerDrops(PeerDrops&& other) noexcept : totals_(other.totals_.exchange(nullptr)) {}
  PeerDrops& operator=(PeerDrops&& other) noexcept {
    delete totals_.exchange(other.totals_.exchange(nullptr));
    return *this;
  }
  ~PeerDrops() { delete totals_.load(); }

  void add(Counter reason, uint64_t amount) {
    Totals* totals = totals_.load(std::memory_order_relaxed);
    if (totals == nullptr) totals_.store(totals = new Totals, std::memory_order_release);
    totals->add(reason, amount);
  }
  uint64_t read(size_t place) const {
    const Totals* totals = totals_.load(std::memory_order_acquire);
    return totals == nullptr ? 0 : totals->read(place);
  }

 private:
  using Totals = DropTotals<kPeerDrops>;

  std::atomic<Totals*> totals_ = nullptr;
};

}  // namespace sallyport
