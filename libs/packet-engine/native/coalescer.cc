#include "coalescer.h"

#include <bit>
#include <cstring>

#include "checksum.h"

namespace sallyport {

namespace {

constexpr size_t kMaxPacketBytes = 65535;
// Linux took no more segments of a datagram than this before 6.9.
constexpr size_t kMaxDatagrams = 64;
constexpr uint16_t kDontFragment = 0x4000;
// A packet with one of these ends what it joins; one with another stays alone.
constexpr uint8_t kClosing = kTcpPsh | kTcpFin;
constexpr uint8_t kJoinable = kTcpAck | kTcpEce | kClosing;

bool same_bytes(std::span<const uint8_t> one, std::span<const uint8_t> other, size_t offset, size_t bytes) {
  return std::memcmp(one.data() + offset, other.data() + offset, bytes) == 0;
}

// Everything of the IP header that the packets of a super-packet share, but the identification.
bool same_network_header(std::span<const uint8_t> one, std::span<const uint8_t> other, bool ipv6) {
  if (ipv6) return same_bytes(one, other, 0, 4) && one[kIpv6HopLimit] == other[kIpv6HopLimit];
  return one[1] == other[1] && one[8] == other[8] && same_bytes(one, other, kIpv4Fragment, 2);
}

bool same_tcp_header(std::span<const uint8_t> one, std::span<const uint8_t> other, const TransportPacket& form) {
  const size_t tcp = form.transport_offset;
  const uint8_t flags = one[tcp + kTcpFlags] ^ other[tcp + kTcpFlags];
  return (flags & ~kClosing) == 0 && same_bytes(one, other, tcp + kTcpAcknowledgement, 5) &&
         same_bytes(one, other, tcp + kTcpWindow, 2) &&
         // The urgent pointer and the options.
         same_bytes(one, other, tcp + kTcpUrgent, form.payload_offset - tcp - kTcpUrgent);
}

uint32_t flow_hash(std::span<const uint8_t> packet, const TransportPacket& form) {
  const size_t begin = form.ipv6 ? kIpv6Addresses : kIpv4Addresses;
  // Addresses and ports lie next to each other, because there are neither options nor extension headers.
  const size_t end = form.transport_offset + 4;
  uint32_t hash = static_cast<uint32_t>(form.transport);
  for (size_t offset = begin; offset < end; offset += 4) {
    uint32_t word;
    std::memcpy(&word, packet.data() + offset, sizeof word);
    hash = std::rotl(hash ^ word, 13) * 0x9e3779b1U;
  }
  return hash ^ hash >> 15;
}

uint8_t gso_type(const TransportPacket& form) {
  if (form.transport == InnerProtocol::udp) return kVirtioGsoUdp;
  return form.ipv6 ? kVirtioGsoTcp6 : kVirtioGsoTcp4;
}

// Packets that may begin or join a super-packet; all others are written as they are.
bool may_merge(std::span<const uint8_t> packet, const TransportPacket& form, Coalescer::Merge merge) {
  if (merge == Coalescer::Merge::none || form.payload_bytes() == 0) return false;
  if (!form.ipv6) {
    if ((read_u16(packet, kIpv4Fragment) & kDontFragment) == 0) return false;
    // The header of a super-packet is made anew, and must not make a wrong one right.
    if (fold(add_words(packet.first(kIpv4HeaderBytes))) != 0xffff) return false;
  }
  if (form.transport == InnerProtocol::udp) return merge == Coalescer::Merge::segments_and_datagrams;
  const uint8_t flags = packet[form.transport_offset + kTcpFlags];
  return (flags & kTcpAck) != 0 && (flags & ~kJoinable) == 0;
}

}  // namespace

Coalescer::Coalescer(size_t max_packets)
    : items_(max_packets), pending_(max_packets), flows_(std::bit_ceil(4 * max_packets)) {}

void Coalescer::clear() {
  count_ = 0;
  packets_ = 0;
  ++batch_;
}

void Coalescer::add(Peer* peer, std::span<uint8_t> packet, Merge merge) {
  ++packets_;
  const auto form = read_transport_packet(packet);
  if (!form) {
    start(peer, packet);
    // It may belong to any flow, as a fragment does: what comes after it joins nothing that came before.
    ++batch_;
    return;
  }
  packet = packet.first(form->bytes);
  Flow& flow = slot(peer, packet, *form);
  const bool mergeable = may_merge(packet, *form, merge);
  if (flow.batch == batch_ && flow.open && mergeable && append(flow.item, packet, *form)) {
    flow.open = pending_[flow.item].segment_payload != 0;
    return;
  }
  const auto item = static_cast<uint32_t>(count_);
  start(peer, packet);
  pending_[item] = {packet, *form, form->payload_bytes(), form->payload_bytes(), 0, false, 0};
  const bool closes =
      form->transport == InnerProtocol::tcp && (packet[form->transport_offset + kTcpFlags] & kClosing) != 0;
  flow = {flow.hash, item, mergeable && !closes, batch_};
}

// A vector keeps what it once took, so that this allocates nothing when the flows have been at it for a while.
Coalescer::Item& Coalescer::start(Peer* peer, std::span<uint8_t> packet) {
  Item& item = items_[count_++];
  item.peer = peer;
  item.header = {};
  item.packets = 1;
  item.bytes = packet.size();
  item.parts.clear();
  item.parts.push_back({packet.data(), packet.size()});
  return item;
}

// Finds the flow's slot or a free one; there are four slots for each packet, so there is always one.
Coalescer::Flow& Coalescer::slot(const Peer* peer, std::span<const uint8_t> packet, const TransportPacket& form) {
  const uint32_t hash = flow_hash(packet, form);
  for (size_t index = hash;; ++index) {
    Flow& flow = flows_[index & (flows_.size() - 1)];
    if (flow.batch != batch_) {
      flow.hash = hash;
      flow.open = false;
      return flow;
    }
    if (flow.hash == hash && same_flow(flow, peer, packet, form)) return flow;
  }
}

bool Coalescer::same_flow(const Flow& flow, const Peer* peer, std::span<const uint8_t> packet,
                          const TransportPacket& form) const {
  const Pending& pending = pending_[flow.item];
  // Two networks may have the same addresses.
  if (items_[flow.item].peer != peer) return false;
  if (pending.form.ipv6 != form.ipv6 || pending.form.transport != form.transport) return false;
  const size_t begin = form.ipv6 ? kIpv6Addresses : kIpv4Addresses;
  return same_bytes(pending.head, packet, begin, form.transport_offset + 4 - begin);
}

// False when the packet does not continue the item. An item whose segment size was set to 0 takes no more.
bool Coalescer::append(uint32_t index, std::span<uint8_t> packet, const TransportPacket& form) {
  Pending& pending = pending_[index];
  Item& item = items_[index];
  const auto head = pending.head;
  const size_t payload = form.payload_bytes();
  if (form.payload_offset != pending.form.payload_offset || payload > pending.segment_payload) return false;
  if (pending.form.payload_offset + pending.payload + payload > kMaxPacketBytes) return false;
  if (!same_network_header(head, packet, form.ipv6)) return false;
  uint8_t flags = 0;
  if (form.transport == InnerProtocol::tcp) {
    const uint32_t expected =
        read_u32(head, form.transport_offset + kTcpSequence) + static_cast<uint32_t>(pending.payload);
    if (read_u32(packet, form.transport_offset + kTcpSequence) != expected) return false;
    if (!same_tcp_header(head, packet, form)) return false;
    flags = packet[form.transport_offset + kTcpFlags] & kClosing;
  } else if (item.packets >= kMaxDatagrams) {
    return false;
  }
  uint8_t identification = pending.identification;
  if (!form.ipv6) {
    const auto step =
        static_cast<uint16_t>(read_u16(packet, kIpv4Identification) - read_u16(head, kIpv4Identification));
    const uint8_t kind = step == 0 ? 2 : step == static_cast<uint16_t>(item.packets) ? 1 : 0;
    if (kind == 0 || (identification != 0 && identification != kind)) return false;
    identification = kind;
  }
  // A wrong checksum must stay wrong: the device would make the one of a super-packet right.
  if (!pending.checksum_known_right && !transport_checksum_right(head, pending.form)) return false;
  pending.checksum_known_right = true;
  if (!transport_checksum_right(packet, form)) return false;

  if (item.packets == 1) item.header.segment_bytes = static_cast<uint16_t>(pending.segment_payload);
  item.parts.push_back({packet.data() + form.payload_offset, payload});
  ++item.packets;
  item.bytes += packet.size();
  pending.identification = identification;
  pending.payload += payload;
  pending.flags |= flags;
  if (flags != 0 || payload < pending.segment_payload) pending.segment_payload = 0;
  return true;
}

std::span<Coalescer::Item> Coalescer::finish() {
  for (size_t index = 0; index < count_; ++index) {
    if (items_[index].packets > 1) complete(items_[index], pending_[index]);
  }
  return std::span(items_).first(count_);
}

void Coalescer::complete(Item& item, Pending& pending) {
  const auto head = pending.head;
  const TransportPacket& form = pending.form;
  const size_t bytes = form.payload_offset + pending.payload;
  set_lengths(head, form, bytes);
  if (form.transport == InnerProtocol::tcp) head[form.transport_offset + kTcpFlags] |= pending.flags;
  // The device completes the checksum; it begins with the pseudo-header's sum, which is not complemented.
  const uint16_t sum = fold(pseudo_header_sum(head, form, bytes - form.transport_offset));
  std::memcpy(head.data() + form.checksum_offset(), &sum, sizeof sum);
  item.header.flags = kVirtioNeedsChecksum;
  item.header.gso_type = gso_type(form);
  item.header.header_bytes = static_cast<uint16_t>(form.payload_offset);
  item.header.checksum_start = static_cast<uint16_t>(form.transport_offset);
  item.header.checksum_offset = static_cast<uint16_t>(form.checksum_offset() - form.transport_offset);
}

// Nothing that joined an item has changed in its own place, and what was changed of the head is known.
std::span<uint8_t> Coalescer::restore_head(const Item& item) {
  const Pending& pending = pending_[static_cast<size_t>(&item - items_.data())];
  TransportPacket form = pending.form;
  const auto head = std::span(pending.head.data(), form.payload_offset + item.header.segment_bytes);
  form.bytes = head.size();
  set_lengths(head, form, head.size());
  if (form.transport == InnerProtocol::tcp) {
    head[form.transport_offset + kTcpFlags] &= static_cast<uint8_t>(~kClosing);
  }
  set_transport_checksum(head, form);
  return head;
}

}  // namespace sallyport
