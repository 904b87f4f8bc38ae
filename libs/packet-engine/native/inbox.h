#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "file_descriptor.h"
#include "path.h"
#include "virtio_header.h"

namespace sallyport {

// What other shards hand over to one shard: packets of its peers that came in by their sockets and their queues of TUN
// devices. Packets of one giver stay in their order. Bounded.
class Inbox {
 public:
  static constexpr size_t kCapacityBytes = 2 * 1024 * 1024;

  static constexpr uint32_t kNoNetwork = 0xffffffff;

  struct Item {
    enum class Kind : uint8_t { datagram, inner };

    Kind kind;
    // A datagram's: the ECN field of its IP header.
    uint8_t ecn;
    // An inner packet's.
    uint32_t network;
    VirtioHeader header;
    // A datagram's.
    Path path;
    size_t bytes;
  };
  enum class Given : uint8_t { refused, first, another };

  // Throws Failure `system-call-failed`.
  Inbox();

  // Copies the packet, when there is room. Whoever gives the first one rings, sooner or later.
  Given give(const Item& item, std::span<const uint8_t> packet);
  // Makes inner packets of a network lead nowhere, so that they do not get into the next one of that number.
  void disown(uint32_t network);
  void ring();

  // Readable from a ring until the next `take`.
  int fd() const { return bell_.get(); }
  // Shows everything that waits, `visit(item, packet)`, in order, to the one thread that takes. All packets stay where
  // they are, and may be written to, until the next call.
  template <class Visitor>
  void take(Visitor visit) {
    const std::span<uint8_t> taken = exchange();
    for (size_t at = 0; at < taken.size();) {
      const Item& item = item_at(taken.data() + at);
      visit(item, taken.subspan(at + kItemBytes, item.bytes));
      at += space_for(item.bytes);
    }
  }

 private:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kItemBytes = (sizeof(Item) + kAlignment - 1) / kAlignment * kAlignment;
  static constexpr size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }
  static constexpr size_t space_for(size_t packet_bytes) { return kItemBytes + aligned(packet_bytes); }

  struct Arena {
    std::unique_ptr<uint8_t[]> memory;
    size_t used = 0;
    uint8_t* begin() const { return reinterpret_cast<uint8_t*>(aligned(reinterpret_cast<uintptr_t>(memory.get()))); }
  };

  static Item& item_at(uint8_t* place) { return *reinterpret_cast<Item*>(place); }
  std::span<uint8_t> exchange();

  FileDescriptor bell_;
  // Guards `filling_`.
  std::mutex mutex_;
  Arena filling_;
  // What was taken last.
  Arena taken_;
};

}  // namespace sallyport
