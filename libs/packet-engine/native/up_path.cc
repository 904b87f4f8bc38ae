#include "up_path.h"

#include <algorithm>
#include <array>

#include "key_report.h"
#include "magic_payloads.h"

namespace sallyport {

namespace {

constexpr unsigned kOpcodeShift = 3;
constexpr uint8_t kKeyIdMask = 0x07;

uint32_t read_peer_id(std::span<const uint8_t> packet) {
  return uint32_t{packet[1]} << 16 | uint32_t{packet[2]} << 8 | uint32_t{packet[3]};
}

bool starts_with(std::span<const uint8_t> text, const std::array<uint8_t, 16>& prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin());
}

bool source_allowed(const Peer& peer, const IpHeader& header) {
  if (const auto* ipv4 = std::get_if<Ipv4Header>(&header)) return peer.ipv4 == ipv4->source;
  const Ipv6Address& source = std::get<Ipv6Header>(header).source;
  return !is_link_local(source) && peer.ipv6 == source;
}

}  // namespace

void UpPath::receive(const ReceiveBatch::Datagram& datagram) {
  counters_.add(Counter::udpPacketsReceived);
  if (datagram.bytes.empty()) return drop(Counter::dropTooShort);
  if (datagram.truncated) return drop(Counter::dropTooLong);
  // Nothing can be answered to port 0, and no client sends from it.
  if (datagram.path.remote.port() == 0) return drop(Counter::dropNoSourcePort);
  receive(datagram.path, datagram.bytes, false);
}

// `bytes` is not empty.
Received UpPath::receive(const Path& path, std::span<uint8_t> bytes, bool admitted) {
  switch (bytes[0] >> kOpcodeShift) {
    case kOpcodeDataV2:
      return receive_data(path, bytes);
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

Received UpPath::refuse(Counter reason, Received received) {
  drop(reason);
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

Received UpPath::receive_data(const Path& path, std::span<uint8_t> bytes) {
  if (bytes.size() < kHeaderBytes) return refuse(Counter::dropTooShort, Received::unopened);
  Peer* peer = peers_.find(read_peer_id(bytes));
  if (!peer) return refuse(Counter::dropUnknownPeer);
  const bool elsewhere = !(peer->path == path);
  const bool may_float = peer->path.transport == Transport::udp && path.transport == Transport::udp;
  if (elsewhere && !may_float) return refuse(Counter::dropWrongRemote);
  DataKey* key = peer->key(bytes[0] & kKeyIdMask);
  if (!key) return refuse(Counter::dropUnknownKey);
  const Opened opened = key->open(bytes);
  report_key(upward_, *peer, *key);
  if (opened.result != Opened::Result::ok) return refuse_unopened(opened.result);
  peer->last_received_tick = peers_.now();
  peer->statistics.transport_received_bytes += bytes.size();
  const bool newest = opened.newest && key->generation() >= peer->used_generation;
  peer->used_generation = std::max(peer->used_generation, key->generation());
  if (elsewhere && newest) follow(*peer, path);
  if (!receive_magic(*peer, opened.text)) deliver(*peer, opened.text);
  return Received::data;
}

Received UpPath::refuse_unopened(Opened::Result result) {
  switch (result) {
    case Opened::Result::ok:
      break;
    case Opened::Result::too_short:
      return refuse(Counter::dropTooShort, Received::unopened);
    case Opened::Result::unknown_epoch:
      return refuse(Counter::dropUnknownEpoch, Received::unopened);
    case Opened::Result::replayed:
      return refuse(Counter::dropReplayed, Received::unopened);
    case Opened::Result::bad_tag:
      return refuse(Counter::dropBadTag, Received::unopened);
    case Opened::Result::exhausted:
      return refuse(Counter::dropOpenExhausted, Received::unopened);
    case Opened::Result::compressed:
      // Authentic, so that the stream is in step; only its content is not ours to read.
      return refuse(Counter::dropCompressed, Received::data);
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

void UpPath::deliver(Peer& peer, std::span<uint8_t> text) {
  const auto header = read_ip_header(text);
  if (!header) return drop(Counter::dropNotIp);
  if (!source_allowed(peer, *header)) return drop(Counter::dropSourceAddress);
  const iovec whole{text.data(), text.size()};
  if (!peer.network->device().write({}, {&whole, 1})) return drop(Counter::dropTunWriteFailed);
  counters_.add(Counter::tunPacketsSent);
  ++peer.statistics.received_packets;
  peer.statistics.received_bytes += text.size();
}

}  // namespace sallyport
