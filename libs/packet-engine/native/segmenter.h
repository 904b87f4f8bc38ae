#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "transport_packet.h"
#include "virtio_header.h"

namespace sallyport {

// Cuts what a TUN device with IFF_VNET_HDR gives into packets of the size that the network carries: a TCP or UDP
// super-packet into its segments, any other packet into itself. Checksums that the kernel left open are made right.
class Segmenter {
 public:
  // `packet` stands behind the virtio header and must stay as it is until the last segment is written. `nullopt` when
  // header and packet do not fit each other; the lengths that the header gives are not trusted.
  static std::optional<Segmenter> begin(const VirtioHeader& header, std::span<const uint8_t> packet);

  // Number of packets that come out, at least one.
  size_t count() const { return count_; }
  // Length of packet `index`; all but the last have the same.
  size_t bytes(size_t index) const;
  // Writes packet `index`; `out` has at least that length.
  void write(size_t index, std::span<uint8_t> out) const;

 private:
  Segmenter() = default;
  void write_whole(std::span<uint8_t> out) const;
  void correct_headers(size_t index, std::span<uint8_t> segment) const;

  std::span<const uint8_t> packet_;
  // Set when the packet is cut.
  std::optional<TransportPacket> form_;
  size_t segment_payload_ = 0;
  size_t count_ = 1;
  // Where the kernel wants the checksum of a packet that is not cut.
  std::optional<size_t> open_checksum_start_;
  size_t open_checksum_offset_ = 0;
};

}  // namespace sallyport
