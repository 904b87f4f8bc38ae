#include "mss_clamp.h"

#include <random>

#include "check.h"
#include "packets.h"

using namespace sallyport;
using packets::Bytes;
using packets::make;

namespace {

// A SYN whose options begin with `padding` of one byte each.
Bytes syn(bool ipv6, uint16_t segment_size, size_t padding, uint8_t flags = kTcpSyn) {
  Bytes packet = make({.ipv6 = ipv6, .flags = flags, .timestamps = true, .payload = 0});
  const size_t options = (ipv6 ? 40 : 20) + kTcpHeaderBytes;
  for (size_t index = 0; index < 12; ++index) packet[options + index] = 1;
  packet[options + padding] = 2;
  packet[options + padding + 1] = 4;
  write_u16(packet, options + padding + 2, segment_size);
  set_transport_checksum(packet, *read_transport_packet(packet));
  return packet;
}

uint16_t segment_size(const Bytes& packet, size_t padding) {
  return read_u16(packet, (packet[0] >> 4 == 6 ? 40 : 20) + kTcpHeaderBytes + padding + 2);
}

constexpr SegmentLimit kLimit{1360, 1340};

}  // namespace

TEST("MSS clamp: lowers what a SYN and a SYN-ACK announce and keeps the checksum right") {
  for (const bool ipv6 : {false, true}) {
    for (const size_t padding : {0, 1, 2, 3, 5, 8}) {
      for (const uint8_t flags : {kTcpSyn, static_cast<uint8_t>(kTcpSyn | kTcpAck)}) {
        Bytes packet = syn(ipv6, 1460, padding, flags);
        CHECK(clamp_segment_size(packet, kLimit));
        CHECK(segment_size(packet, padding) == (ipv6 ? 1340 : 1360));
        CHECK(transport_checksum_right(packet, *read_transport_packet(packet)));
      }
    }
  }
}

TEST("MSS clamp: never raises, and leaves what is no SYN, what has a limit of none and a wrong checksum as they are") {
  Bytes low = syn(false, 536, 0);
  CHECK(!clamp_segment_size(low, kLimit));
  CHECK(segment_size(low, 0) == 536);
  Bytes data = syn(false, 1460, 0, kTcpAck);
  CHECK(!clamp_segment_size(data, kLimit));
  Bytes unlimited = syn(true, 1460, 0);
  CHECK(!clamp_segment_size(unlimited, {1360, 0}));
  Bytes wrong = syn(false, 1460, 0);
  wrong[20 + kTcpChecksum] ^= 1;
  CHECK(clamp_segment_size(wrong, kLimit));
  CHECK(!transport_checksum_right(wrong, *read_transport_packet(wrong)));
}

TEST("MSS clamp: options of any form are read without a fault") {
  std::mt19937 random(3);
  for (int round = 0; round < 100000; ++round) {
    Bytes packet = syn(random() % 2, 1460, 0);
    for (size_t offset = 30; offset < packet.size(); ++offset) packet[offset] = static_cast<uint8_t>(random() % 6);
    packet.resize(random() % (packet.size() + 1));
    clamp_segment_size(packet, kLimit);
  }
}
