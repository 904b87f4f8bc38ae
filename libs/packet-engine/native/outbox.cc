#include "outbox.h"

#include <bit>
#include <utility>

#include "big_endian.h"
#include "frame.h"

namespace sallyport {

namespace {

static_assert(Outbox::kTrains == 64, "a set of trains is one word");

bool continues(const Train& train, size_t wire_bytes, uint8_t traffic_class) {
  if (train.peer->path.transport == Transport::tcp) return true;
  return train.open && wire_bytes <= train.segment_bytes && traffic_class == train.traffic_class &&
         train.packets < TrainSender::kSegments && train.bytes + wire_bytes <= TrainSender::kTrainBytes;
}

}  // namespace

Outbox::Outbox(const Listeners& listeners, StreamTable& streams, Counters& counters, UpwardQueue& upward,
               TrainSender::Call call)
    : listeners_(listeners),
      streams_(streams),
      sender_(counters, upward, std::move(call)),
      arena_(new uint8_t[kBytes]) {}

bool Outbox::full(const Path& path) const {
  if (packet_count_ == kPackets || train_count_ == kTrains || kBytes - used_ < kBufferBytes) return true;
  return path.transport == Transport::tcp && streams_.crowded(path.stream);
}

PacketBuffer Outbox::begin(const Path& path, const Overhead& overhead) {
  const size_t framing = path.transport == Transport::tcp ? kFrameLengthBytes : 0;
  return PacketBuffer(arena_.get() + used_, framing + overhead.before);
}

void Outbox::add(Peer& peer, PacketBuffer packet, size_t inner_bytes, uint8_t traffic_class) {
  if (peer.path.transport == Transport::tcp) {
    const size_t length = packet.size();
    write_number(packet.prepend(kFrameLengthBytes), length);
  }
  const auto bytes = packet.bytes();
  used_ = static_cast<size_t>(bytes.data() + bytes.size() - arena_.get());
  const auto index = static_cast<uint16_t>(packet_count_++);
  packets_[index] = {bytes.data(), static_cast<uint32_t>(bytes.size()), static_cast<uint32_t>(inner_bytes), 0};
  Train& train = train_for(peer, bytes.size(), traffic_class);
  if (train.packets == 0) {
    train.first = index;
  } else {
    packets_[train.last].next = index;
  }
  train.last = index;
  ++train.packets;
  train.bytes += bytes.size();
  train.open = bytes.size() == train.segment_bytes;
}

// The last train of the peer when the packet may join it. Packets of others in between do no harm: a message gathers
// what is its own.
Train& Outbox::train_for(Peer& peer, size_t wire_bytes, uint8_t traffic_class) {
  const size_t last = peer.send.train;
  if (last < train_count_ && trains_[last].peer == &peer && continues(trains_[last], wire_bytes, traffic_class)) {
    return trains_[last];
  }
  peer.send.train = static_cast<uint16_t>(train_count_);
  Train& train = trains_[train_count_++];
  train = {&peer, 0, 0, 0, traffic_class, true, static_cast<uint32_t>(wire_bytes), 0};
  return train;
}

void Outbox::flush(uint64_t now, const Report& report) {
  uint64_t waiting = train_count_ == kTrains ? ~uint64_t{0} : (uint64_t{1} << train_count_) - 1;
  while (waiting != 0) {
    const auto first = static_cast<size_t>(std::countr_zero(waiting));
    if (trains_[first].peer->path.transport == Transport::udp) {
      waiting = send_datagrams(waiting, now, report);
    } else {
      send_frames(trains_[first], report);
      waiting &= waiting - 1;
    }
  }
  used_ = packet_count_ = train_count_ = 0;
}

// Sends the first train that waits and all that leave by the same socket, in order; answers which still wait.
uint64_t Outbox::send_datagrams(uint64_t waiting, uint64_t now, const Report& report) {
  const uint32_t listener = trains_[static_cast<size_t>(std::countr_zero(waiting))].peer->path.listener;
  sender_.begin(std::get<UdpSocket>(listeners_[listener]), listener, packets_.data(), now, report);
  for (uint64_t rest = waiting; rest != 0; rest &= rest - 1) {
    const auto index = static_cast<size_t>(std::countr_zero(rest));
    const Path& path = trains_[index].peer->path;
    if (path.transport != Transport::udp || path.listener != listener) continue;
    sender_.add(trains_[index]);
    waiting &= ~(uint64_t{1} << index);
  }
  sender_.submit();
  return waiting;
}

void Outbox::send_frames(const Train& train, const Report& report) {
  Departure departure{*train.peer, false};
  uint16_t index = train.first;
  for (size_t i = 0; i < train.packets; ++i) {
    const WaitingPacket& packet = packets_[index];
    frames_[i] = {packet.bytes, packet.wire_bytes};
    departure.add(packet, kFrameLengthBytes);
    index = packet.next;
  }
  departure.sent = streams_.send_data(train.peer->path.stream, {frames_.data(), train.packets});
  report(departure);
}

}  // namespace sallyport
