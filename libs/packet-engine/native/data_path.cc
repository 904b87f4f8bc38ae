#include "data_path.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sallyport {

namespace {

constexpr unsigned kOpcodeShift = 3;
constexpr uint8_t kKeyIdMask = 0x07;

constexpr std::array<uint8_t, 16> kPing = {0x2a, 0x18, 0x7b, 0xf3, 0x64, 0x1e, 0xb4, 0xcb,
                                           0x07, 0xed, 0x2d, 0x0a, 0x98, 0x1f, 0xc7, 0x48};
constexpr std::array<uint8_t, 16> kOccPrefix = {0x28, 0x7f, 0x34, 0x6b, 0xd4, 0xef, 0x7a, 0x81,
                                                0x2d, 0x56, 0xb8, 0xd3, 0xaf, 0xc5, 0x45, 0x9c};
constexpr uint8_t kOccExit = 6;

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

void DataPath::receive(const ReceiveBatch::Datagram& datagram) {
  counters_.add(Counter::udpPacketsReceived);
  if (datagram.bytes.empty()) return drop(Counter::dropTooShort);
  if (datagram.truncated) return drop(Counter::dropTooLong);
  // Nothing can be answered to port 0, and no client sends from it.
  if (datagram.path.remote.port() == 0) return drop(Counter::dropNoSourcePort);
  receive(datagram.path, datagram.bytes, false);
}

// `bytes` is not empty.
Received DataPath::receive(const Path& path, std::span<uint8_t> bytes, bool admitted) {
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

Received DataPath::refuse(Counter reason, Received received) {
  drop(reason);
  return received;
}

// A datagram that finds no room is lost, as every datagram may be. Of a stream nothing is: both ends count on it.
Received DataPath::receive_control(const Path& path, std::span<const uint8_t> bytes, bool admitted) {
  if (!upward_.push_control(path, bytes, admitted)) {
    return path.transport == Transport::tcp ? Received::no_room : refuse(Counter::dropControlQueueFull);
  }
  counters_.add(Counter::controlPacketsReceived);
  return Received::control;
}

Received DataPath::receive_data(const Path& path, std::span<uint8_t> bytes) {
  if (bytes.size() < kHeaderBytes) return refuse(Counter::dropTooShort, Received::unopened);
  Peer* peer = peers_.find(read_peer_id(bytes));
  if (!peer) return refuse(Counter::dropUnknownPeer);
  const bool elsewhere = !(peer->path == path);
  const bool may_float = peer->path.transport == Transport::udp && path.transport == Transport::udp;
  if (elsewhere && !may_float) return refuse(Counter::dropWrongRemote);
  DataKey* key = peer->key(bytes[0] & kKeyIdMask);
  if (!key) return refuse(Counter::dropUnknownKey);
  const Opened opened = key->open(bytes);
  report_key(*peer, *key);
  if (opened.result != Opened::Result::ok) return refuse_unopened(opened.result);
  peer->last_received_tick = now_;
  peer->statistics.transport_received_bytes += bytes.size();
  const bool newest = opened.newest && key->generation() >= peer->used_generation;
  peer->used_generation = std::max(peer->used_generation, key->generation());
  if (elsewhere && newest) follow(*peer, path);
  if (!receive_magic(*peer, opened.text)) deliver(*peer, opened.text);
  return Received::data;
}

Received DataPath::refuse_unopened(Opened::Result result) {
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
void DataPath::follow(Peer& peer, const Path& path) {
  peer.path = path;
  counters_.add(Counter::peersFloated);
  upward_.push_float(peer.id, path);
}

// Answers whether `text` is one of the payloads that OpenVPN peers send to each other instead of an IP packet.
bool DataPath::receive_magic(Peer& peer, std::span<const uint8_t> text) {
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

void DataPath::deliver(Peer& peer, std::span<const uint8_t> text) {
  const auto header = read_ip_header(text);
  if (!header) return drop(Counter::dropNotIp);
  if (!source_allowed(peer, *header)) return drop(Counter::dropSourceAddress);
  if (write(peer.network->device(), text.data(), text.size()) < 0) return drop(Counter::dropTunWriteFailed);
  counters_.add(Counter::tunPacketsSent);
  ++peer.statistics.received_packets;
  peer.statistics.received_bytes += text.size();
}

bool DataPath::forward(Network& network) {
  bool alive = true;
  for (size_t round = 0; round < kBatchPackets; ++round) {
    PacketBuffer packet = outbox_.buffer();
    const ssize_t bytes = read(network.device(), packet.room().data(), packet.room().size());
    if (bytes <= 0) {
      alive = bytes < 0 && (errno == EAGAIN || errno == EINTR);
      break;
    }
    counters_.add(Counter::tunPacketsReceived);
    packet.set_text(static_cast<size_t>(bytes));
    forward_one(network, packet);
  }
  flush();
  return alive;
}

void DataPath::forward_one(const Network& network, PacketBuffer packet) {
  if (packet.size() > kMaxInnerBytes) return drop(Counter::dropTooLong);
  const auto header = read_ip_header(packet.bytes());
  if (!header) return drop(Counter::dropNotIp);
  Peer* peer = network.route(*header);
  if (!peer) return drop(Counter::dropNoRoute);
  seal(*peer, packet, Kind::packet);
}

// `packet` is the outbox's next buffer with the plaintext in it.
void DataPath::seal(Peer& peer, PacketBuffer packet, Kind kind) {
  if (!peer.primary) return drop(Counter::dropNoKey);
  if (!outbox_.reserve(peer.path)) return;
  const size_t inner_bytes = packet.size();
  const Sealed sealed = peer.primary->seal(peer.id, packet);
  report_key(peer, *peer.primary);
  if (sealed != Sealed::ok) {
    outbox_.cancel(peer.path);
    return drop(sealed == Sealed::exhausted ? Counter::dropKeyExhausted : Counter::dropSendFailed);
  }
  outgoing_[outbox_.size()] = {&peer, inner_bytes, packet.size(), kind};
  outbox_.add(peer.path, packet);
  if (outbox_.full()) flush();
}

void DataPath::tick(uint64_t seconds) {
  now_ += seconds;
  peers_.for_each([this](Peer& peer) {
    const Keepalive& keepalive = peer.keepalive;
    if (keepalive.interval != 0 && now_ - peer.last_sent_tick >= keepalive.interval) ping(peer);
    // A tick may come right after the last packet, so a silence of `timeout` seconds is one of more ticks than that.
    if (keepalive.timeout == 0 || peer.timeout_reported || now_ - peer.last_received_tick <= keepalive.timeout) return;
    peer.timeout_reported = true;
    upward_.push_event({Event::Type::peer_timeout, peer.id});
  });
  flush();
}

void DataPath::ping(Peer& peer) {
  if (!peer.primary) return;
  PacketBuffer packet = outbox_.buffer();
  std::copy(kPing.begin(), kPing.end(), packet.room().begin());
  packet.set_text(kPing.size());
  seal(peer, packet, Kind::ping);
}

void DataPath::report_key(const Peer& peer, DataKey& key) {
  if (key.take_first_use()) upward_.push_event({Event::Type::key_used, peer.id, key.key_id()});
  while (const auto reason = key.take_limit_notice()) {
    upward_.push_event({Event::Type::key_limit, peer.id, key.key_id(), *reason});
  }
}

void DataPath::flush() {
  outbox_.flush([this](size_t index, bool sent) {
    if (!sent) return drop(Counter::dropSendFailed);
    const Outgoing& outgoing = outgoing_[index];
    Peer& peer = *outgoing.peer;
    peer.last_sent_tick = now_;
    peer.statistics.transport_sent_bytes += outgoing.packet_bytes;
    counters_.add(peer.path.transport == Transport::udp ? Counter::udpPacketsSent : Counter::tcpPacketsSent);
    if (outgoing.kind == Kind::ping) return counters_.add(Counter::pingsSent);
    ++peer.statistics.sent_packets;
    peer.statistics.sent_bytes += outgoing.inner_bytes;
  });
}

}  // namespace sallyport
