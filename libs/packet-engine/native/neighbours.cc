#include "neighbours.h"

#include <bit>

namespace sallyport {

void Neighbours::hand_datagram(uint32_t peer_id, const Path& path, std::span<const uint8_t> bytes, uint8_t ecn) {
  hand(inboxes_.home_of(peer_id), {Inbox::Item::Kind::datagram, ecn, 0, {}, path, 0}, bytes);
}

void Neighbours::hand_inner(uint32_t shard, uint32_t network, const VirtioHeader& header,
                            std::span<const uint8_t> bytes) {
  hand(shard, {Inbox::Item::Kind::inner, 0, network, header, {}, 0}, bytes);
}

void Neighbours::hand(uint32_t shard, const Inbox::Item& item, std::span<const uint8_t> bytes) {
  switch (inboxes_.of(shard).give(item, bytes)) {
    case Inbox::Given::refused:
      return counters_.add(Counter::dropInboxFull);
    case Inbox::Given::first:
      waiting_ |= 1u << shard;
      break;
    case Inbox::Given::another:
      break;
  }
  counters_.add(Counter::packetsHandedOver);
}

void Neighbours::ring() {
  for (; waiting_ != 0; waiting_ &= waiting_ - 1) inboxes_.of(static_cast<uint32_t>(std::countr_zero(waiting_))).ring();
}

}  // namespace sallyport
