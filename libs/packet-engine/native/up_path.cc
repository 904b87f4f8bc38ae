#include "up_path.h"

#include <algorithm>
#include <array>

#include "key_report.h"
#include "magic_payloads.h"
#include "monotonic.h"
#include "mss_clamp.h"
#include "packet_buffer.h"

namespace sallyport {

namespace {

constexpr unsigned kOpcodeShift = 3;
constexpr uint8_t kKeyIdMask = 0x07;
// The longest inner packet with more than any format puts around it.
constexpr size_t kMaxDatagramBytes = kMaxInnerBytes + 64;

uint32_t read_peer_id(std::span<const uint8_t> packet) {
  return uint32_t{packet[1]} << 16 | uint32_t{packet[2]} << 8 | uint32_t{packet[3]};
}

bool starts_with(std::span<const uint8_t> text, const std::array<uint8_t, 16>& prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin());
}

}  // namespace

void UpPath::receive(const ReceiveBatch::Datagram& datagram) {
  counters_.add(Counter::udpPacketsReceived);
  if (datagram.bytes.empty()) return drop(Counter::dropTooShort);
  if (datagram.bytes.size() > kMaxDatagramBytes) return drop(Counter::dropTooLong);
  // Nothing can be answered to port 0, and no client sends from it.
  if (datagram.path.remote.port() == 0) return drop(Counter::dropNoSourcePort);
  receive(datagram.path, datagram.bytes, false, datagram.ecn);
}

Received UpPath::receive(const Path& path, std::span<uint8_t> bytes, bool admitted, Ecn outer) {
  switch (bytes[0] >> kOpcodeShift) {
    case kOpcodeDataV2:
      return receive_data(path, bytes, outer);
    case 3:   // SOFT_RESET_V1
    case 4:   // CONTROL_V1
    case 5:   // ACK_V1
    case 7:   // HARD_RESET_CLIENT_V2
    case 8:   // HARD_RESET_SERVER_V2
    case 10:  // HARD_RESET_CLIENT_V3
    case 11:  // CONTROL_WKC_V1
      return receive_control(path, bytes, admitted);
    default:
      return refuse(Counter::dropBadOpcode);
  }
}

Received UpPath::refuse(Counter reason) {
  drop(reason);
  return Received::dropped;
}

Received UpPath::refuse(Peer& peer, Counter reason, Received received) {
  drop(peer, reason);
  return received;
}

// A datagram that finds no room is lost, as every datagram may be. Of a stream nothing is: both ends count on it.
Received UpPath::receive_control(const Path& path, std::span<const uint8_t> bytes, bool admitted) {
  if (!upward_.push_control(path, bytes, admitted)) {
    return path.transport == Transport::tcp ? Received::no_room : refuse(Counter::dropControlQueueFull);
  }
  counters_.add(Counter::controlPacketsReceived);
  return Received::control;
}

Received UpPath::receive_data(const Path& path, std::span<uint8_t> bytes, Ecn outer) {
  if (bytes.size() < kHeaderBytes) {
    drop(Counter::dropTooShort);
    return Received::unopened;
  }
  const uint32_t id = read_peer_id(bytes);
  if (path.transport == Transport::udp && !neighbours_.is_home_of(id)) {
    neighbours_.hand_datagram(id, path, bytes, static_cast<uint8_t>(outer));
    return Received::data;
  }
  Peer* peer = peers_.find(id);
  return peer ? open(*peer, path, bytes, outer) : refuse(Counter::dropUnknownPeer);
}

Received UpPath::open(Peer& peer, const Path& path, std::span<uint8_t> bytes, Ecn outer) {
  const bool elsewhere = !(peer.path == path);
  const bool may_float = peer.path.transport == Transport::udp && path.transport == Transport::udp;
  if (elsewhere && !may_float) return refuse(peer, Counter::dropWrongRemote);
  DataKey* key = peer.key(bytes[0] & kKeyIdMask);
  if (!key) return refuse(peer, Counter::dropUnknownKey);
  // A packet from elsewhere may be anybody's until it has opened, and must not spend what is the peer's.
  if (!elsewhere && !fair_.admit(peer.received_claim, bytes.size())) {
    return refuse(peer, Counter::dropUnfair, Received::data);
  }
  // Opening leaves nothing of what came. Who it is that is elsewhere only shows afterwards.
  if (peer.tap && !elsewhere) peer.tap->record_outer(Direction::from_peer, path, bytes);
  const Opened opened = key->open(bytes);
  report_key(upward_, peer, *key);
  if (opened.result != Opened::Result::ok) return refuse_unopened(peer, opened.result);
  peer.last_received_tick = peers_.now();
  peer.count_opened(bytes.size());
  const bool newest = opened.newest && key->generation() >= peer.used_generation;
  peer.used_generation = std::max(peer.used_generation, key->generation());
  if (elsewhere && newest) follow(peer, path);
  if (elsewhere && !fair_.admit(peer.received_claim, bytes.size())) return refuse(peer, Counter::dropUnfair);
  if (!receive_magic(peer, opened.text)) deliver(peer, opened.text, outer);
  return Received::data;
}

Received UpPath::refuse_unopened(Peer& peer, Opened::Result result) {
  switch (result) {
    case Opened::Result::ok:
      break;
    case Opened::Result::too_short:
      return refuse(peer, Counter::dropTooShort, Received::unopened);
    case Opened::Result::unknown_epoch:
      return refuse(peer, Counter::dropUnknownEpoch, Received::unopened);
    case Opened::Result::replayed:
      return refuse(peer, Counter::dropReplayed, Received::unopened);
    case Opened::Result::bad_tag:
      return refuse(peer, Counter::dropBadTag, Received::unopened);
    case Opened::Result::exhausted:
      return refuse(peer, Counter::dropOpenExhausted, Received::unopened);
    case Opened::Result::compressed:
      // Authentic, so that the stream is in step; only its content is not ours to read.
      return refuse(peer, Counter::dropCompressed, Received::data);
  }
  return Received::data;
}

// A late packet from where the peer was before must not call it back, nor may one that was caught and kept from
// arriving decide: only the newest packet under the newest key that the peer has used moves it.
void UpPath::follow(Peer& peer, const Path& path) {
  peer.path = path;
  counters_.add(Counter::peersFloated);
  upward_.push_float(peer.id, path);
}

// Answers whether `text` is one of the payloads that OpenVPN peers send to each other instead of an IP packet.
bool UpPath::receive_magic(Peer& peer, std::span<const uint8_t> text) {
  if (text.size() == kPing.size() && starts_with(text, kPing)) {
    counters_.add(Counter::pingsReceived);
    return true;
  }
  if (!starts_with(text, kOccPrefix)) return false;
  if (text.size() == kOccPrefix.size() || text[kOccPrefix.size()] != kOccExit) {
    counters_.add(Counter::occIgnored);
  } else if (!peer.exit_reported) {
    peer.exit_reported = true;
    upward_.push_event({Event::Type::occ_exit, peer.id});
  }
  return true;
}

void UpPath::deliver(Peer& peer, std::span<uint8_t> text, Ecn outer) {
  const auto header = read_ip_header(text);
  if (!header) return drop(peer, Counter::dropNotIp);
  if (!peer.network->may_send(peer, *header)) return drop(peer, Counter::dropSourceAddress);
  if (peer.limits && !peer.limits->received.admit(text.size(), monotonic_ns())) {
    return drop(peer, Counter::dropRateLimited);
  }
  if (!carry_ecn(text, outer)) return drop(peer, Counter::dropCongestionMark);
  clamp_segment_size(text, peer.segment_limit);
  if (peer.tap) peer.tap->record_inner(Direction::from_peer, text);
  delivery_.add(peer, text);
}

}  // namespace sallyport
