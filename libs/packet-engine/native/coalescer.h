#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "transport_packet.h"
#include "virtio_header.h"

namespace sallyport {

struct Peer;

// Puts the packets of one batch together for a TUN device with IFF_VNET_HDR: neighbours of one TCP or UDP flow become
// one super-packet, as Linux's own receive offload would make them. What cannot be merged goes as it is. Packets of a
// flow keep their order, because only the newest item of a flow is added to and items come out in order of arrival.
class Coalescer {
 public:
  // What one write to the device takes: the virtio header, then the parts of the packet. It is all of one peer.
  struct Item {
    Peer* peer;
    VirtioHeader header;
    std::vector<iovec> parts;
    size_t packets;
    size_t bytes;
  };

  // Super-packets that may be made: none, of TCP, of TCP and UDP.
  enum class Merge : uint8_t { none, segments, segments_and_datagrams };

  explicit Coalescer(size_t max_packets);

  // Of the packets that were added since `clear`; a full one takes no more.
  bool empty() const { return packets_ == 0; }
  bool full() const { return packets_ == items_.size(); }
  // Takes a packet, which must stay in place until `clear`; the head of an item is changed in place by `finish`.
  void add(Peer* peer, std::span<uint8_t> packet, Merge merge = Merge::segments_and_datagrams);
  // Completes the headers and gives the items; valid until `clear`.
  std::span<Item> finish();
  // Takes a finished item apart again: the packets as they were added, in order. It cannot be written as one any more.
  template <class Visitor>
  void split(Item& item, Visitor visit) {
    if (item.packets == 1) return visit(bytes_of(item.parts[0]));
    const std::span<uint8_t> head = restore_head(item);
    visit(head);
    const size_t header_bytes = item.header.header_bytes;
    for (const iovec& part : std::span(item.parts).subspan(1)) {
      const auto payload = bytes_of(part);
      visit(std::span(payload.data() - header_bytes, header_bytes + payload.size()));
    }
  }
  void clear();

 private:
  // The newest item of a flow, and what a packet must be like to join it.
  struct Flow {
    uint32_t hash = 0;
    uint32_t item = 0;
    bool open = false;
    // Number of the batch that wrote this slot; another one means that it is free.
    uint64_t batch = 0;
  };

  struct Pending {
    std::span<uint8_t> head;
    TransportPacket form;
    size_t segment_payload;
    size_t payload;
    uint8_t flags;
    bool checksum_known_right;
    // Neither the same nor the next identification yet: 0 unknown, 1 counted up, 2 always the same.
    uint8_t identification;
  };

  static std::span<uint8_t> bytes_of(const iovec& part) { return {static_cast<uint8_t*>(part.iov_base), part.iov_len}; }

  Item& start(Peer* peer, std::span<uint8_t> packet);
  Flow& slot(const Peer* peer, std::span<const uint8_t> packet, const TransportPacket& form);
  bool same_flow(const Flow& flow, const Peer* peer, std::span<const uint8_t> packet,
                 const TransportPacket& form) const;
  bool append(uint32_t item, std::span<uint8_t> packet, const TransportPacket& form);
  void complete(Item& item, Pending& pending);
  std::span<uint8_t> restore_head(const Item& item);

  std::vector<Item> items_;
  std::vector<Pending> pending_;
  // Items and packets of this batch.
  size_t count_ = 0;
  size_t packets_ = 0;
  uint64_t batch_ = 1;
  std::vector<Flow> flows_;
};

}  // namespace sallyport
