#include "outbox.h"

#include <bit>

#include "big_endian.h"

namespace sallyport {

namespace {

static_assert(kBatchPackets == 64, "a set of packets is one word");

bool leave_together(const Path& one, const Path& other) {
  return one.transport == other.transport &&
         (one.transport == Transport::udp ? one.listener == other.listener : one.stream == other.stream);
}

}  // namespace

Outbox::Outbox(const Listeners& listeners, StreamTable& streams)
    : listeners_(listeners), streams_(streams), buffers_(new uint8_t[kBatchPackets * kBufferBytes]) {}

void Outbox::add(const Path& path, PacketBuffer packet) {
  if (path.transport == Transport::tcp) {
    const size_t length = packet.size();
    write_number(packet.prepend(kFrameLengthBytes), length);
  }
  paths_[size_] = &path;
  packets_[size_] = {packet.bytes().data(), packet.size()};
  ++size_;
}

void Outbox::flush(const Report& report) {
  uint64_t waiting = size_ == kBatchPackets ? ~uint64_t{0} : (uint64_t{1} << size_) - 1;
  while (waiting != 0) {
    const Group group = take_group(waiting);
    if (paths_[group.indices[0]]->transport == Transport::udp) {
      send_datagrams(group, report);
    } else {
      send_frames(group, report);
    }
  }
  size_ = 0;
}

// The first packet that waits and all that leave with it, in order.
Outbox::Group Outbox::take_group(uint64_t& waiting) const {
  Group group;
  const Path& first = *paths_[static_cast<size_t>(std::countr_zero(waiting))];
  for (uint64_t rest = waiting; rest != 0; rest &= rest - 1) {
    const auto index = static_cast<size_t>(std::countr_zero(rest));
    if (!leave_together(first, *paths_[index])) continue;
    group.indices[group.size++] = index;
    waiting &= ~(uint64_t{1} << index);
  }
  return group;
}

void Outbox::send_datagrams(const Group& group, const Report& report) {
  const auto& socket = std::get<UdpSocket>(listeners_[paths_[group.indices[0]]->listener]);
  for (size_t i = 0; i < group.size; ++i) {
    const size_t index = group.indices[i];
    msghdr& header = messages_[i].msg_hdr;
    header.msg_iov = &packets_[index];
    header.msg_iovlen = 1;
    socket.address(header, *paths_[index], infos_[index]);
  }
  socket.send({messages_.data(), group.size}, [&](size_t index, bool sent) { report(group.indices[index], sent); });
}

void Outbox::send_frames(const Group& group, const Report& report) {
  for (size_t i = 0; i < group.size; ++i) frames_[i] = packets_[group.indices[i]];
  const bool sent = streams_.send_data(paths_[group.indices[0]]->stream, {frames_.data(), group.size});
  for (size_t i = 0; i < group.size; ++i) report(group.indices[i], sent);
}

}  // namespace sallyport
