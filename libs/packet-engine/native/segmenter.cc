#include "segmenter.h"

#include <algorithm>
#include <cstring>

#include "checksum.h"

namespace sallyport {

namespace {

bool fits(uint8_t gso_type, const TransportPacket& form) {
  switch (gso_type & ~kVirtioGsoEcn) {
    case kVirtioGsoTcp4:
      return form.transport == InnerProtocol::tcp && !form.ipv6;
    case kVirtioGsoTcp6:
      return form.transport == InnerProtocol::tcp && form.ipv6;
    case kVirtioGsoUdp:
      return form.transport == InnerProtocol::udp;
    default:
      return false;
  }
}

}  // namespace

std::optional<Segmenter> Segmenter::begin(const VirtioHeader& header, std::span<const uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  Segmenter segmenter;
  segmenter.packet_ = packet;
  if (header.gso_type == kVirtioGsoNone) {
    if ((header.flags & kVirtioNeedsChecksum) == 0) return segmenter;
    if (size_t{header.checksum_start} + header.checksum_offset + 2 > packet.size()) return std::nullopt;
    segmenter.open_checksum_start_ = header.checksum_start;
    segmenter.open_checksum_offset_ = size_t{header.checksum_start} + header.checksum_offset;
    return segmenter;
  }
  const auto form = read_transport_packet(packet);
  if (!form || form->bytes != packet.size() || header.segment_bytes == 0 || !fits(header.gso_type, *form)) {
    return std::nullopt;
  }
  segmenter.form_ = form;
  segmenter.segment_payload_ = header.segment_bytes;
  segmenter.count_ = std::max<size_t>(1, (form->payload_bytes() + header.segment_bytes - 1) / header.segment_bytes);
  return segmenter;
}

size_t Segmenter::bytes(size_t index) const {
  if (!form_) return packet_.size();
  const size_t payload = form_->payload_bytes() - index * segment_payload_;
  return form_->payload_offset + std::min(payload, segment_payload_);
}

void Segmenter::write(size_t index, std::span<uint8_t> out) const {
  if (!form_) return write_whole(out);
  const auto segment = out.first(bytes(index));
  const auto payload = packet_.subspan(form_->payload_offset + index * segment_payload_);
  std::memcpy(segment.data(), packet_.data(), form_->payload_offset);
  std::memcpy(segment.data() + form_->payload_offset, payload.data(), segment.size() - form_->payload_offset);
  correct_headers(index, segment);
}

// RFC 1624 does not apply: the field holds the pseudo-header's sum, so one sum over the rest makes it right.
void Segmenter::write_whole(std::span<uint8_t> out) const {
  std::memcpy(out.data(), packet_.data(), packet_.size());
  if (!open_checksum_start_) return;
  const auto covered = out.first(packet_.size()).subspan(*open_checksum_start_);
  auto sum = static_cast<uint16_t>(~fold(add_words(covered)));
  // Zero means «no checksum» in UDP, and both values mean the same everywhere else.
  if (sum == 0) sum = 0xffff;
  std::memcpy(out.data() + open_checksum_offset_, &sum, sizeof sum);
}

void Segmenter::correct_headers(size_t index, std::span<uint8_t> segment) const {
  TransportPacket form = *form_;
  form.bytes = segment.size();
  const size_t transport = form.transport_offset;
  if (!form.ipv6) {
    write_u16(segment, kIpv4Identification, read_u16(packet_, kIpv4Identification) + static_cast<uint32_t>(index));
  }
  set_lengths(segment, form, segment.size());
  if (form.transport == InnerProtocol::tcp) {
    const auto skipped = static_cast<uint32_t>(index * segment_payload_);
    write_u32(segment, transport + kTcpSequence, read_u32(packet_, transport + kTcpSequence) + skipped);
    uint8_t& flags = segment[transport + kTcpFlags];
    if (index + 1 < count_) flags &= static_cast<uint8_t>(~(kTcpFin | kTcpPsh));
    if (index > 0) flags &= static_cast<uint8_t>(~kTcpCwr);
  }
  set_transport_checksum(segment, form);
}

}  // namespace sallyport
