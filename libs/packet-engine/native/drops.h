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
#define SALLYPORT_DROP(name) Counter::name,
inline constexpr std::array kNetworkDrops = {SALLYPORT_PEER_DROPS(SALLYPORT_DROP)
                                                 SALLYPORT_NETWORK_DROPS(SALLYPORT_DROP)};
inline constexpr size_t kPeerDrops = std::array{SALLYPORT_PEER_DROPS(SALLYPORT_DROP)}.size();
#undef SALLYPORT_DROP

// Totals of the first `kSize` of kNetworkDrops; others are not counted. Any thread may count and read.
template <size_t kSize>
class DropTotals {
 public:
  void add(Counter reason, uint64_t amount) {
    // What comes before them among the counters has a number beyond every size.
    const size_t place = static_cast<size_t>(reason) - static_cast<size_t>(kNetworkDrops.front());
    if (place < kSize) values_[place].fetch_add(amount, std::memory_order_relaxed);
  }
  uint64_t read(size_t place) const { return values_.at(place).load(std::memory_order_relaxed); }

 private:
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
