#include "inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <type_traits>
#include <utility>

#include "failure.h"

namespace sallyport {

static_assert(std::is_trivially_copyable_v<Inbox::Item> && std::is_trivially_destructible_v<Inbox::Item>);

Inbox::Inbox() : bell_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!bell_.valid()) throw system_failure("eventfd", errno);
  // Memory that is never written to costs none.
  for (Arena* arena : {&filling_, &taken_}) arena->memory.reset(new uint8_t[kCapacityBytes + kAlignment]);
}

Inbox::Given Inbox::give(const Item& item, std::span<const uint8_t> packet) {
  const std::lock_guard held(mutex_);
  const size_t space = space_for(packet.size());
  if (space > kCapacityBytes - filling_.used) return Given::refused;
  uint8_t* const place = filling_.begin() + filling_.used;
  Item* const entry = new (place) Item(item);
  entry->bytes = packet.size();
  std::copy(packet.begin(), packet.end(), place + kItemBytes);
  const bool first = filling_.used == 0;
  filling_.used += space;
  return first ? Given::first : Given::another;
}

void Inbox::disown(uint32_t network) {
  const std::lock_guard held(mutex_);
  for (size_t at = 0; at < filling_.used;) {
    Item& item = item_at(filling_.begin() + at);
    if (item.kind == Item::Kind::inner && item.network == network) item.network = kNoNetwork;
    at += space_for(item.bytes);
  }
}

void Inbox::ring() { eventfd_write(bell_.get(), 1); }

std::span<uint8_t> Inbox::exchange() {
  eventfd_t rings;
  eventfd_read(bell_.get(), &rings);
  const std::lock_guard held(mutex_);
  taken_.used = 0;
  std::swap(filling_, taken_);
  return {taken_.begin(), taken_.used};
}

}  // namespace sallyport
