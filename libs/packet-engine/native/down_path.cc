#include "down_path.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "dscp.h"
#include "key_report.h"
#include "magic_payloads.h"
#include "monotonic.h"
#include "mss_clamp.h"
#include "too_big.h"

namespace sallyport {

namespace {

// The longest packet that a header can announce is one of IPv6; one byte more tells one that was cut.
constexpr size_t kRoomBytes = 65535 + kIpv6HeaderBytes + 1;

// What is read between two looks at everything else that there is to do.
constexpr size_t kBatchReads = 256;
constexpr size_t kBatchBytes = 1024 * 1024;

// Answers to packets that are too big for a peer, for each second (RFC 4443, 2.4 f asks for a limit).
constexpr uint8_t kAnswersPerTick = 8;

// What the kernel says of a packet that it took off the queue and could not describe, and what TunDevice does.
bool describes_badly(int error) { return error == EBADMSG || error == EINVAL; }

// What it says once the device is deleted or was taken away; all else is said of one read.
bool says_gone(int error) { return error == EIO || error == EBADFD || error == EFAULT || error == EBADF; }

}  // namespace

DownPath::DownPath(PeerTable& peers, Outbox& outbox, Counters& counters, UpwardQueue& upward, Neighbours& neighbours)
    : peers_(peers),
      outbox_(outbox),
      counters_(counters),
      upward_(upward),
      neighbours_(neighbours),
      room_(new uint8_t[kRoomBytes]) {}

bool DownPath::forward(const Network& network) {
  const std::span<uint8_t> room(room_.get(), kRoomBytes);
  bool alive = true;
  bool drained = false;
  size_t total = 0;
  for (size_t reads = 0; reads < kBatchReads && total < kBatchBytes; ++reads) {
    VirtioHeader header;
    const ssize_t bytes = network.queue(neighbours_.shard()).read(header, room);
    if (bytes <= 0) {
      const int error = bytes < 0 ? errno : EIO;
      if (describes_badly(error)) {
        count_drop(counters_, Counter::dropBadVirtioHeader, network);
        continue;
      }
      alive = !says_gone(error);
      drained = true;
      break;
    }
    total += static_cast<size_t>(bytes);
    forward_one(network, header, room.first(static_cast<size_t>(bytes)));
  }
  flush();
  read_ = true;
  full_ = full_ || !drained;
  return alive;
}

void DownPath::end_round(uint64_t now) {
  if (std::exchange(read_, false)) fair_.end_round(now, std::exchange(full_, false));
}

void DownPath::forward_one(const Network& network, const VirtioHeader& header, std::span<const uint8_t> packet) {
  const auto segmenter = packet.size() < kRoomBytes ? Segmenter::begin(header, packet) : std::nullopt;
  const size_t packets = segmenter ? segmenter->count() : 1;
  const auto refuse = [&](Counter reason) {
    counters_.add(Counter::tunPacketsReceived, packets);
    count_drop(counters_, reason, network, packets);
  };
  if (packet.size() == kRoomBytes) return refuse(Counter::dropTooLong);
  const auto addresses = read_ip_header(packet);
  if (!addresses) return refuse(Counter::dropNotIp);
  if (!segmenter) return refuse(Counter::dropBadVirtioHeader);
  if (segmenter->bytes(0) > kMaxInnerBytes) return refuse(Counter::dropTooLong);
  const Route* route = network.route(*addresses);
  if (!route) return refuse(Counter::dropNoRoute);
  if (route->shard != neighbours_.shard()) {
    return neighbours_.hand_inner(route->shard, network.index(), header, packet);
  }
  counters_.add(Counter::tunPacketsReceived, packets);
  forward_to(*route->peer, *segmenter, traffic_class_of(packet));
}

void DownPath::forward_to(Peer& peer, const Segmenter& segmenter, uint8_t traffic_class) {
  if (peer.mtu != 0 && segmenter.bytes(0) > peer.mtu) {
    drop(peer, Counter::dropTooBig, segmenter.count());
    return answer_too_big(peer, segmenter);
  }
  for (size_t index = 0; index < segmenter.count(); ++index) {
    const size_t inner_bytes = segmenter.bytes(index);
    if (peer.limits && !peer.limits->sent.admit(inner_bytes, monotonic_ns())) {
      drop(peer, Counter::dropRateLimited);
      continue;
    }
    auto packet = begin(peer);
    if (!packet) continue;
    if (!fair_.admit(peer.sent_claim, inner_bytes)) {
      outbox_.cancel(peer.path);
      drop(peer, Counter::dropUnfair);
      continue;
    }
    packet->set_text(inner_bytes);
    segmenter.write(index, packet->bytes());
    if (segmenter.count() == 1) clamp_segment_size(packet->bytes(), peer.segment_limit);
    if (peer.tap) peer.tap->record_inner(Direction::to_peer, packet->bytes());
    seal(peer, *packet, inner_bytes, traffic_class);
  }
}

// Where the next packet to the peer is written; `nullopt` when there can be none, which is counted.
std::optional<PacketBuffer> DownPath::begin(Peer& peer) {
  if (!peer.primary) {
    drop(peer, Counter::dropNoKey);
    return std::nullopt;
  }
  if (outbox_.full(peer.path)) flush();
  if (const auto refused = outbox_.reserve(peer.path)) {
    drop(peer, *refused);
    return std::nullopt;
  }
  return outbox_.begin(peer.path, peer.primary->overhead());
}

// `packet` is what `begin` gave, with the plaintext in it.
bool DownPath::seal(Peer& peer, PacketBuffer packet, size_t inner_bytes, uint8_t traffic_class) {
  const Sealed sealed = peer.primary->seal(peer.id, packet);
  report_key(upward_, peer, *peer.primary);
  if (sealed != Sealed::ok) {
    outbox_.cancel(peer.path);
    drop(peer, sealed == Sealed::exhausted ? Counter::dropKeyExhausted : Counter::dropSendFailed);
    return false;
  }
  if (peer.tap) peer.tap->record_outer(Direction::to_peer, peer.path, packet.bytes());
  outbox_.add(peer, packet, inner_bytes, traffic_class);
  return true;
}

void DownPath::ping(Peer& peer) {
  if (!peer.primary) return;
  auto packet = begin(peer);
  if (!packet) return;
  std::copy(kPing.begin(), kPing.end(), packet->room().begin());
  packet->set_text(kPing.size());
  seal(peer, *packet, 0, 0);
}

void DownPath::answer_too_big(Peer& peer, const Segmenter& segmenter) {
  SendState& state = peer.send;
  if (state.answer_tick != peers_.now()) state.answers = 0;
  state.answer_tick = peers_.now();
  if (state.answers == kAnswersPerTick) return;
  // What could not be sent is quoted as the packet that it would have been.
  if (outbox_.full(peer.path)) flush();
  PacketBuffer packet = outbox_.begin(peer.path, {});
  packet.set_text(segmenter.bytes(0));
  segmenter.write(0, packet.bytes());
  std::array<uint8_t, kTooBigBytes> answer;
  const size_t bytes = write_too_big(packet.bytes(), peer.mtu, answer);
  if (bytes == 0) return;
  const iovec whole{answer.data(), bytes};
  if (!peer.network->queue(neighbours_.shard()).write({}, {&whole, 1})) return drop(peer, Counter::dropTunWriteFailed);
  ++state.answers;
  counters_.add(Counter::tooBigAnswered);
}

void DownPath::flush() {
  outbox_.flush(peers_.now(), [this](const Departure& departure) { account(departure); });
}

void DownPath::account(const Departure& departure) {
  Peer& peer = departure.peer;
  if (!departure.sent) return drop(peer, Counter::dropSendFailed, departure.packets);
  peer.last_sent_tick = peers_.now();
  peer.count_sent(departure.packets - departure.pings, departure.inner_bytes, departure.wire_bytes);
  const bool udp = peer.path.transport == Transport::udp;
  counters_.add(udp ? Counter::udpPacketsSent : Counter::tcpPacketsSent, departure.packets);
  if (departure.pings != 0) counters_.add(Counter::pingsSent, departure.pings);
}

}  // namespace sallyport
