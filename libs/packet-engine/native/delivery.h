#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "coalescer.h"
#include "counters.h"
#include "peer.h"
#include "tun_device.h"
#include "upward_queue.h"

namespace sallyport {

// The last step of the way to the TUN devices: gathers the packets of one batch and writes them, those of one flow with
// one system call where the device takes super-packets. Used in the turn of its shard.
class Delivery {
 public:
  // As TunDevice::write.
  using Write = std::function<bool(const TunDevice&, const VirtioHeader&, std::span<const iovec>)>;

  Delivery(Counters& counters, UpwardQueue& upward, uint32_t shard = 0, Write write = &TunDevice::write);

  // Takes a packet for the peer's network, which must stay in place until the flush. Peers may not go before it.
  void add(Peer& peer, std::span<uint8_t> packet);
  // Writes all that was added.
  void flush();

 private:
  // Three to six super-packets: what is not yet written is still in the second-level cache.
  static constexpr size_t kMaxPackets = 256;

  const TunDevice& device_of(const Peer& peer) const;
  Coalescer::Merge merge_for(const TunDevice& device) const;
  void write(Coalescer::Item& item);
  void write_apart(Coalescer::Item& item);
  void count(Peer& peer, size_t packets, size_t bytes);
  void lose(Peer& peer, size_t packets);

  Counters& counters_;
  UpwardQueue& upward_;
  uint32_t shard_;
  Write write_;
  Coalescer coalescer_{kMaxPackets};
  // Less once the kernel has refused it.
  Coalescer::Merge most_ = Coalescer::Merge::segments_and_datagrams;
};

}  // namespace sallyport
