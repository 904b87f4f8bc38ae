#pragma once

#include <cstddef>
#include <cstdint>

#include "peer.h"

namespace sallyport {

// A sealed packet that waits to be sent.
struct WaitingPacket {
  uint8_t* bytes;
  uint32_t wire_bytes;
  // 0 is a ping, which carries no packet.
  uint32_t inner_bytes;
  // Its follower in the same train.
  uint16_t next;
};

// Packets that leave together. By UDP they are for one peer, of one traffic class and one length but for the last,
// which may be shorter: what one system call can send and the kernel (UDP_SEGMENT) cuts again. By TCP they are whatever
// one stream gets.
struct Train {
  Peer* peer;
  uint16_t first;
  uint16_t last;
  uint16_t packets;
  uint8_t traffic_class;
  bool open;
  uint32_t segment_bytes;
  size_t bytes;
};

// What became of some packets of a train.
struct Departure {
  Peer& peer;
  bool sent;
  size_t packets = 0;
  size_t pings = 0;
  // Of packets that are no pings.
  size_t inner_bytes = 0;
  // Without the lengths that stand before frames.
  size_t wire_bytes = 0;

  void add(const WaitingPacket& packet, size_t framing_bytes) {
    ++packets;
    if (packet.inner_bytes == 0) ++pings;
    inner_bytes += packet.inner_bytes;
    wire_bytes += packet.wire_bytes - framing_bytes;
  }
};

}  // namespace sallyport
