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

// Puts the packets of one batch together for a TUN device with IFF_VNET_HDR: neighbours of one TCP or UDP flow become
// one super-packet, as Linux's own receive offload would make them. What cannot be merged goes as it is. Packets of a
// flow keep their order, because only the newest item of a flow is added to and items come out in order of arrival.
class Coalescer {
 public:
  // What one write to the device takes: the virtio header, then the parts of the packet.
  struct Item {
    VirtioHeader header;
    std::vector<iovec> parts;
    size_t packets;
  };

  explicit Coalescer(size_t max_packets);

  // Takes a packet, which must stay in place until `clear`; the head of an item is changed in place by `finish`.
  void add(std::span<uint8_t> packet);
  // Completes the headers and gives the items; valid until `clear`.
  std::span<Item> finish();
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

  Item& start(std::span<uint8_t> packet);
  Flow& slot(std::span<const uint8_t> packet, const TransportPacket& form);
  bool same_flow(const Pending& pending, std::span<const uint8_t> packet, const TransportPacket& form) const;
  bool append(uint32_t item, std::span<uint8_t> packet, const TransportPacket& form);
  void complete(Item& item, Pending& pending);

  std::vector<Item> items_;
  std::vector<Pending> pending_;
  size_t count_ = 0;
  uint64_t batch_ = 1;
  std::vector<Flow> flows_;
};

}  // namespace sallyport
