#include "down_path.h"

#include <algorithm>
#include <cerrno>

#include "key_report.h"
#include "magic_payloads.h"

namespace sallyport {

bool DownPath::forward(Network& network) {
  bool alive = true;
  for (size_t round = 0; round < kBatchPackets; ++round) {
    PacketBuffer packet = outbox_.buffer();
    VirtioHeader header;
    const ssize_t bytes = network.device().read(header, packet.room());
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

void DownPath::forward_one(const Network& network, PacketBuffer packet) {
  if (packet.size() > kMaxInnerBytes) return drop(Counter::dropTooLong);
  const auto header = read_ip_header(packet.bytes());
  if (!header) return drop(Counter::dropNotIp);
  Peer* peer = network.route(*header);
  if (!peer) return drop(Counter::dropNoRoute);
  seal(*peer, packet, Kind::packet);
}

// `packet` is the outbox's next buffer with the plaintext in it.
void DownPath::seal(Peer& peer, PacketBuffer packet, Kind kind) {
  if (!peer.primary) return drop(Counter::dropNoKey);
  if (!outbox_.reserve(peer.path)) return;
  const size_t inner_bytes = packet.size();
  const Sealed sealed = peer.primary->seal(peer.id, packet);
  report_key(upward_, peer, *peer.primary);
  if (sealed != Sealed::ok) {
    outbox_.cancel(peer.path);
    return drop(sealed == Sealed::exhausted ? Counter::dropKeyExhausted : Counter::dropSendFailed);
  }
  outgoing_[outbox_.size()] = {&peer, inner_bytes, packet.size(), kind};
  outbox_.add(peer.path, packet);
  if (outbox_.full()) flush();
}

void DownPath::ping(Peer& peer) {
  if (!peer.primary) return;
  PacketBuffer packet = outbox_.buffer();
  std::copy(kPing.begin(), kPing.end(), packet.room().begin());
  packet.set_text(kPing.size());
  seal(peer, packet, Kind::ping);
}

void DownPath::flush() {
  outbox_.flush([this](size_t index, bool sent) {
    if (!sent) return drop(Counter::dropSendFailed);
    const Outgoing& outgoing = outgoing_[index];
    Peer& peer = *outgoing.peer;
    peer.last_sent_tick = peers_.now();
    peer.statistics.transport_sent_bytes += outgoing.packet_bytes;
    counters_.add(peer.path.transport == Transport::udp ? Counter::udpPacketsSent : Counter::tcpPacketsSent);
    if (outgoing.kind == Kind::ping) return counters_.add(Counter::pingsSent);
    ++peer.statistics.sent_packets;
    peer.statistics.sent_bytes += outgoing.inner_bytes;
  });
}

}  // namespace sallyport
