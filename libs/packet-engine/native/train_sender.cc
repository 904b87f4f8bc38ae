#include "train_sender.h"

#include <algorithm>
#include <cerrno>

namespace sallyport {

namespace {

constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

// Every path carries a datagram of this length whole (RFC 791: 576 bytes, less the headers of IPv4 and UDP).
constexpr size_t kAlwaysWholeBytes = 576 - 28;

// What is refused for these reasons may pass when the kernel has nothing to cut. Older kernels say EINVAL where newer
// ones say EMSGSIZE; EIO is a device that cannot compute the checksums.
bool may_be_cutting(int error) {
  return error == EIO || error == EINVAL || error == EOPNOTSUPP || error == ENOPROTOOPT || error == EMSGSIZE;
}

}  // namespace

TrainSender::Piece TrainSender::Rest::take(size_t count, const WaitingPacket* packets_of) {
  const Piece piece{train, first, static_cast<uint16_t>(std::min<size_t>(count, packets))};
  for (size_t i = 0; i < piece.packets; ++i) first = packets_of[first].next;
  packets = static_cast<uint16_t>(packets - piece.packets);
  return piece;
}

void TrainSender::begin(const UdpSocket& socket, uint32_t listener, const WaitingPacket* packets, uint64_t now,
                        const Report& report) {
  socket_ = &socket;
  listener_ = listener;
  packets_ = packets;
  now_ = now;
  report_ = &report;
}

// How many of the train's packets may be one message.
size_t TrainSender::segments_of(const Train& train) const {
  if (!socket_->cuts() || (listener_ < refused_.size() && refused_[listener_])) return 1;
  const SendState& state = train.peer->send;
  const bool too_long = now_ < state.too_long_until && train.segment_bytes >= state.too_long_bytes;
  return too_long ? 1 : segments_;
}

void TrainSender::add(const Train& train) {
  const size_t segments = segments_of(train);
  for (Rest rest{&train, train.first, train.packets}; rest.packets > 0;) {
    if (size_ == kMessages || vectors_used_ + segments > kVectors) submit();
    pieces_[size_] = rest.take(segments, packets_);
    const auto room = std::span(vectors_).subspan(vectors_used_);
    vectors_used_ += fill(pieces_[size_], messages_[size_].msg_hdr, infos_[size_], room);
    ++size_;
  }
}

// Answers how many vectors it took; packets that lie next to each other share one.
size_t TrainSender::fill(const Piece& piece, msghdr& header, SendInfo& info, std::span<iovec> vectors) const {
  const Train& train = *piece.train;
  size_t used = 0;
  const uint8_t* end = nullptr;
  uint16_t index = piece.first;
  for (size_t i = 0; i < piece.packets; ++i) {
    const WaitingPacket& packet = packets_[index];
    if (packet.bytes == end) {
      vectors[used - 1].iov_len += packet.wire_bytes;
    } else {
      vectors[used++] = {packet.bytes, packet.wire_bytes};
    }
    end = packet.bytes + packet.wire_bytes;
    index = packet.next;
  }
  header.msg_iov = vectors.data();
  header.msg_iovlen = used;
  const auto cut_into = static_cast<uint16_t>(piece.packets > 1 ? train.segment_bytes : 0);
  socket_->address(header, train.peer->path, info, train.traffic_class, cut_into);
  return used;
}

// sendmmsg stops at the first message that fails: exactly that one is seen to, the next call goes on behind it.
void TrainSender::submit() {
  size_t next = 0;
  while (next < size_) {
    const int sent = call_(socket_->fd(), &messages_[next], static_cast<unsigned>(size_ - next), kFlags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) {
      recover(pieces_[next], errno);
      ++next;
      continue;
    }
    for (int i = 0; i < sent; ++i) report(pieces_[next++], true);
  }
  size_ = 0;
  vectors_used_ = 0;
}

// An error that goes away when there is nothing to cut was about the cutting; every other one is about the datagrams,
// which are lost as datagrams may be (a full buffer or queue, a firewall, no route).
void TrainSender::recover(const Piece& piece, int error) {
  if (piece.packets == 1 || !may_be_cutting(error)) return report(piece, false);
  if (error == EINVAL && piece.packets > kOldSegments) {
    if (!resend(piece, kOldSegments) || segments_ == kOldSegments) return;
    segments_ = kOldSegments;
    return counters_.add(Counter::fallbacksSegmentCount);
  }
  if (resend(piece, 1)) blame(*piece.train, error);
}

// Sends the piece in smaller ones; answers whether the kernel took one of them as it was.
bool TrainSender::resend(const Piece& piece, size_t segments) {
  std::array<iovec, kSegments> vectors;
  bool taken = false;
  for (Rest rest{piece.train, piece.first, piece.packets}; rest.packets > 0;) {
    const Piece part = rest.take(segments, packets_);
    mmsghdr message{};
    SendInfo info;
    fill(part, message.msg_hdr, info, vectors);
    int sent = -1;
    do {
      sent = call_(socket_->fd(), &message, 1, kFlags);
    } while (sent < 0 && errno == EINTR);
    if (sent == 1) {
      report(part, true);
      taken = true;
    } else {
      recover(part, errno);
    }
  }
  return taken;
}

void TrainSender::blame(const Train& train, int error) {
  if (error == EMSGSIZE || (error == EINVAL && train.segment_bytes > kAlwaysWholeBytes)) {
    SendState& state = train.peer->send;
    state.too_long_bytes = static_cast<uint16_t>(train.segment_bytes);
    state.too_long_until = now_ + kPathMemoryTicks;
    return counters_.add(Counter::fallbacksPathMtu);
  }
  if (refused_.size() <= listener_) refused_.resize(listener_ + 1);
  refused_[listener_] = true;
  counters_.add(Counter::fallbacksSegmentation);
  upward_.push_offload_lost(Offload::segmentation);
}

void TrainSender::report(const Piece& piece, bool sent) {
  Departure departure{*piece.train->peer, sent};
  uint16_t index = piece.first;
  for (size_t i = 0; i < piece.packets; ++i) {
    departure.add(packets_[index], 0);
    index = packets_[index].next;
  }
  (*report_)(departure);
}

}  // namespace sallyport
