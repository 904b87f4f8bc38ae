#include "mss_clamp.h"

#include "checksum.h"
#include "transport_packet.h"

namespace sallyport {

namespace {

constexpr uint8_t kOptionEnd = 0;
constexpr uint8_t kOptionNothing = 1;
constexpr uint8_t kOptionSegmentSize = 2;
constexpr uint8_t kSegmentSizeBytes = 4;

}  // namespace

bool clamp_segment_size(std::span<uint8_t> packet, const SegmentLimit& limit) {
  if (limit.ipv4 == 0 && limit.ipv6 == 0) return false;
  const auto form = read_transport_packet(packet);
  if (!form || form->transport != InnerProtocol::tcp) return false;
  if ((packet[form->transport_offset + kTcpFlags] & kTcpSyn) == 0) return false;
  const uint16_t most = form->ipv6 ? limit.ipv6 : limit.ipv4;
  for (size_t offset = form->transport_offset + kTcpHeaderBytes; offset < form->payload_offset;) {
    const uint8_t kind = packet[offset];
    if (kind == kOptionEnd) return false;
    if (kind == kOptionNothing) {
      ++offset;
      continue;
    }
    if (offset + 1 >= form->payload_offset) return false;
    const size_t bytes = packet[offset + 1];
    if (bytes < 2 || offset + bytes > form->payload_offset) return false;
    if (kind == kOptionSegmentSize && bytes == kSegmentSizeBytes) {
      if (most == 0 || read_u16(packet, offset + 2) <= most) return false;
      const bool odd = (offset - form->transport_offset) % 2 != 0;
      replace_word(packet, offset + 2, most, form->checksum_offset(), odd);
      return true;
    }
    offset += bytes;
  }
  return false;
}

}  // namespace sallyport
