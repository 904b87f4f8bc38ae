#pragma once

#include <cstdint>

namespace sallyport {

// What stands before each packet of a TUN device with IFF_VNET_HDR (virtio 1.2, 5.1.6); linux/virtio_net.h has the same
// but is not C++. Numbers are in the machine's byte order.
struct VirtioHeader {
  uint8_t flags;
  uint8_t gso_type;
  uint16_t header_bytes;
  uint16_t segment_bytes;
  uint16_t checksum_start;
  uint16_t checksum_offset;
};
static_assert(sizeof(VirtioHeader) == 10);

// The checksum from `checksum_start` on has to be completed.
inline constexpr uint8_t kVirtioNeedsChecksum = 1;

inline constexpr uint8_t kVirtioGsoNone = 0;
inline constexpr uint8_t kVirtioGsoTcp4 = 1;
inline constexpr uint8_t kVirtioGsoTcp6 = 4;
// Datagrams of one length (UDP segmentation offload), not fragments of one.
inline constexpr uint8_t kVirtioGsoUdp = 5;
// Set in addition when the packet carries the CWR flag.
inline constexpr uint8_t kVirtioGsoEcn = 0x80;

}  // namespace sallyport
