#include "inner_packets.h"
#include "segmenter.h"

// Any virtio header over any packet is refused, or gives packets that are within their lengths and, together, carry the
// payload in order, each with right lengths and checksums.

using namespace sallyport;
using fuzz::Bytes;

namespace {

// A super-packet of many small segments would only take time.
constexpr size_t kMostSegments = 512;

VirtioHeader virtio_header(fuzz::Input& input, std::span<const uint8_t> packet) {
  VirtioHeader header{};
  const uint8_t choice = input.u8();
  header.flags = choice & 3;
  header.gso_type = input.u8();
  header.segment_bytes = input.u16();
  header.header_bytes = input.u16();
  header.checksum_start = input.u16();
  header.checksum_offset = input.u16();
  const auto form = read_transport_packet(packet);
  if ((choice & 0x80) != 0 || !form) return header;
  header.flags |= kVirtioNeedsChecksum;
  header.checksum_start = static_cast<uint16_t>(form->transport_offset);
  header.checksum_offset = static_cast<uint16_t>(form->checksum_offset() - form->transport_offset);
  if ((choice & 0x40) != 0) return header;
  const uint8_t tcp = form->ipv6 ? kVirtioGsoTcp6 : kVirtioGsoTcp4;
  header.gso_type = form->transport == InnerProtocol::udp ? kVirtioGsoUdp : tcp;
  return header;
}

void check_whole(const VirtioHeader& header, const Bytes& packet, const Bytes& out) {
  HOLDS(out.size() == packet.size());
  size_t differences = 0;
  const size_t field = size_t{header.checksum_start} + header.checksum_offset;
  for (size_t at = 0; at < out.size(); ++at) {
    const bool inside = (header.flags & kVirtioNeedsChecksum) != 0 && (at == field || at == field + 1);
    if (!inside && out[at] != packet[at]) ++differences;
  }
  HOLDS(differences == 0);
}

void check_segments(const Segmenter& segmenter, const VirtioHeader& header, const Bytes& packet) {
  const auto whole = read_transport_packet(packet);
  HOLDS(whole && whole->bytes == packet.size());
  HOLDS(segmenter.count() ==
        std::max<size_t>(1, (whole->payload_bytes() + header.segment_bytes - 1) / header.segment_bytes));
  size_t offset = whole->payload_offset;
  for (size_t index = 0; index < segmenter.count() && index < kMostSegments; ++index) {
    Bytes out(segmenter.bytes(index));
    segmenter.write(index, out);
    const auto form = read_transport_packet(out);
    HOLDS(form && form->bytes == out.size() && form->payload_offset == whole->payload_offset);
    HOLDS(form->payload_bytes() <= header.segment_bytes);
    HOLDS(transport_checksum_right(out, *form) && (form->ipv6 || fuzz::network_checksum_right(out)));
    HOLDS(std::equal(out.begin() + static_cast<std::ptrdiff_t>(form->payload_offset), out.end(),
                     packet.begin() + static_cast<std::ptrdiff_t>(offset)));
    offset += form->payload_bytes();
  }
  HOLDS(segmenter.count() > kMostSegments || offset == packet.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  fuzz::Flows flows;
  const Bytes packet = fuzz::inner_packet(input, flows, 65000);
  const VirtioHeader header = virtio_header(input, packet);
  const auto segmenter = Segmenter::begin(header, packet);
  if (!segmenter) return 0;
  HOLDS(segmenter->count() >= 1);
  if (header.gso_type != kVirtioGsoNone) {
    check_segments(*segmenter, header, packet);
    return 0;
  }
  HOLDS(segmenter->count() == 1);
  Bytes out(segmenter->bytes(0));
  segmenter->write(0, out);
  check_whole(header, packet, out);
  return 0;
}
