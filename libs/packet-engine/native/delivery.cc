#include "delivery.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "count_drop.h"
#include "network.h"

namespace sallyport {

namespace {

// What the kernel says of a super-packet that it does not understand, or of any packet to a device that is down. All
// else is lack of room, where more packets would not help.
bool refused_as_such(int error) { return error == EINVAL || error == EMSGSIZE || error == EIO; }

}  // namespace

Delivery::Delivery(Counters& counters, UpwardQueue& upward, uint32_t shard, Write write)
    : counters_(counters), upward_(upward), shard_(shard), write_(std::move(write)) {}

void Delivery::add(Peer& peer, std::span<uint8_t> packet) {
  coalescer_.add(&peer, packet, merge_for(device_of(peer)));
  if (coalescer_.full()) flush();
}

void Delivery::flush() {
  if (coalescer_.empty()) return;
  for (Coalescer::Item& item : coalescer_.finish()) write(item);
  coalescer_.clear();
}

const TunDevice& Delivery::device_of(const Peer& peer) const { return peer.network->queue(shard_); }

Coalescer::Merge Delivery::merge_for(const TunDevice& device) const {
  if (!device.virtio()) return Coalescer::Merge::none;
  // A kernel that does not give super-packets of datagrams does not take them either (Linux 6.2 began with both).
  const bool datagrams = device.offload() == TunOffload::tcp_udp;
  return std::min(most_, datagrams ? Coalescer::Merge::segments_and_datagrams : Coalescer::Merge::segments);
}

void Delivery::write(Coalescer::Item& item) {
  if (write_(device_of(*item.peer), item.header, item.parts)) return count(*item.peer, item.packets, item.bytes);
  if (item.packets > 1 && refused_as_such(errno)) return write_apart(item);
  lose(*item.peer, item.packets);
}

// The packets of a refused item go one by one, once.
void Delivery::write_apart(Coalescer::Item& item) {
  const bool not_understood = errno != EIO;
  const bool datagrams = item.header.gso_type == kVirtioGsoUdp;
  const TunDevice& device = device_of(*item.peer);
  bool down = false;
  size_t taken = 0;
  coalescer_.split(item, [&](std::span<uint8_t> packet) {
    const iovec whole{packet.data(), packet.size()};
    if (down || !write_(device, {}, {&whole, 1})) {
      down = down || errno == EIO;
      return lose(*item.peer, 1);
    }
    ++taken;
    count(*item.peer, 1, packet.size());
  });
  if (!not_understood || taken < item.packets) return;
  most_ = std::min(most_, datagrams ? Coalescer::Merge::segments : Coalescer::Merge::none);
  counters_.add(Counter::fallbacksTunWrite);
  upward_.push_offload_lost(Offload::tun);
}

void Delivery::count(Peer& peer, size_t packets, size_t bytes) {
  counters_.add(Counter::tunPacketsSent, packets);
  peer.count_received(packets, bytes);
}

void Delivery::lose(Peer& peer, size_t packets) { count_drop(counters_, Counter::dropTunWriteFailed, peer, packets); }

}  // namespace sallyport
