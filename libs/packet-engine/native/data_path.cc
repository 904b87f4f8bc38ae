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
  if (datagram.from.port() == 0) return drop(Counter::dropNoSourcePort);
  switch (datagram.bytes[0] >> kOpcodeShift) {
    case kOpcodeDataV2:
      return receive_data(datagram.from, datagram.bytes);
    case 3:   // SOFT_RESET_V1
    case 4:   // CONTROL_V1
    case 5:   // ACK_V1
    case 7:   // HARD_RESET_CLIENT_V2
    case 8:   // HARD_RESET_SERVER_V2
    case 10:  // HARD_RESET_CLIENT_V3
    case 11:  // CONTROL_WKC_V1
      return receive_control(datagram.from, datagram.bytes);
    default:
      return drop(Counter::dropBadOpcode);
  }
}

void DataPath::receive_control(const EndPoint& from, std::span<const uint8_t> bytes) {
  const bool accepted = upward_.push_control(from, bytes);
  counters_.add(accepted ? Counter::controlPacketsReceived : Counter::dropControlQueueFull);
}

void DataPath::receive_data(const EndPoint& from, std::span<uint8_t> bytes) {
  if (bytes.size() <= kDataOverheadBytes) return drop(Counter::dropTooShort);
  Peer* peer = peers_.find(read_peer_id(bytes));
  if (!peer) return drop(Counter::dropUnknownPeer);
  if (!(peer->remote == from)) return drop(Counter::dropWrongRemote);
  DataKey* key = peer->key(bytes[0] & kKeyIdMask);
  if (!key) return drop(Counter::dropUnknownKey);
  switch (key->open(bytes)) {
    case DataKey::Opened::replayed:
      return drop(Counter::dropReplayed);
    case DataKey::Opened::bad_tag:
      return drop(Counter::dropBadTag);
    case DataKey::Opened::ok:
      break;
  }
  peer->last_received_tick = now_;
  peer->statistics.transport_received_bytes += bytes.size();
  report_key(*peer, *key);
  const auto text = bytes.subspan(kDataOverheadBytes);
  if (!receive_magic(*peer, text)) deliver(*peer, text);
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
    // One byte of room more than is carried tells a packet that was cut from one that just fits.
    const auto text = batch_.buffer().subspan(kDataOverheadBytes, kMaxInnerBytes + 1);
    const ssize_t bytes = read(network.device(), text.data(), text.size());
    if (bytes <= 0) {
      alive = bytes < 0 && (errno == EAGAIN || errno == EINTR);
      break;
    }
    counters_.add(Counter::tunPacketsReceived);
    forward_one(network, static_cast<size_t>(bytes));
  }
  flush();
  return alive;
}

void DataPath::forward_one(const Network& network, size_t inner_bytes) {
  if (inner_bytes > kMaxInnerBytes) return drop(Counter::dropTooLong);
  const auto header = read_ip_header(batch_.buffer().subspan(kDataOverheadBytes, inner_bytes));
  if (!header) return drop(Counter::dropNotIp);
  Peer* peer = network.route(*header);
  if (!peer) return drop(Counter::dropNoRoute);
  seal(*peer, inner_bytes, Kind::packet);
}

// The plaintext stands in the batch's next buffer, behind the head-room.
void DataPath::seal(Peer& peer, size_t inner_bytes, Kind kind) {
  if (!peer.primary) return drop(Counter::dropNoKey);
  const size_t bytes = kDataOverheadBytes + inner_bytes;
  switch (peer.primary->seal(peer.id, batch_.buffer().first(bytes))) {
    case DataKey::Sealed::exhausted:
      return drop(Counter::dropKeyExhausted);
    case DataKey::Sealed::failed:
      return drop(Counter::dropSendFailed);
    case DataKey::Sealed::ok:
      break;
  }
  report_key(peer, *peer.primary);
  outgoing_[batch_.size()] = {&peer, inner_bytes, kind};
  batch_.add(peer.remote, bytes);
  if (batch_.full()) flush();
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
  std::copy(kPing.begin(), kPing.end(), batch_.buffer().begin() + kDataOverheadBytes);
  seal(peer, kPing.size(), Kind::ping);
}

void DataPath::report_key(const Peer& peer, DataKey& key) {
  if (key.take_first_use()) upward_.push_event({Event::Type::key_used, peer.id, key.key_id()});
  if (key.take_limit_notice()) upward_.push_event({Event::Type::key_limit, peer.id, key.key_id()});
}

void DataPath::flush() {
  batch_.flush(socket_, [this](size_t index, bool sent) {
    if (!sent) return drop(Counter::dropSendFailed);
    const Outgoing& outgoing = outgoing_[index];
    Peer& peer = *outgoing.peer;
    peer.last_sent_tick = now_;
    peer.statistics.transport_sent_bytes += kDataOverheadBytes + outgoing.inner_bytes;
    counters_.add(Counter::udpPacketsSent);
    if (outgoing.kind == Kind::ping) return counters_.add(Counter::pingsSent);
    ++peer.statistics.sent_packets;
    peer.statistics.sent_bytes += outgoing.inner_bytes;
  });
}

}  // namespace sallyport
