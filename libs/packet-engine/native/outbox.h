#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "frame.h"
#include "listener.h"
#include "packet_buffer.h"
#include "stream_table.h"

namespace sallyport {

// Packets on their way out, up to kBatchPackets of them. What goes by the same UDP socket leaves with one system call,
// and so does what goes by the same TCP stream.
class Outbox {
 public:
  // For each packet: whether the kernel or the stream's queue took it.
  using Report = std::function<void(size_t index, bool sent)>;

  Outbox(const Listeners& listeners, StreamTable& streams);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  size_t size() const { return size_; }
  bool full() const { return size_ == kBatchPackets; }
  // The next free buffer; the outbox must not be full.
  PacketBuffer buffer() { return PacketBuffer(buffers_.get() + size_ * kBufferBytes); }
  // Asked before a packet is numbered: whether a packet by this path has a chance. The refusal is counted. What was
  // reserved is added or cancelled.
  bool reserve(const Path& path) { return path.transport == Transport::udp || streams_.reserve(path.stream); }
  void cancel(const Path& path) {
    if (path.transport == Transport::tcp) streams_.cancel(path.stream);
  }
  // Takes the packet in `buffer()`. `path` must stay as it is until the flush.
  void add(const Path& path, PacketBuffer packet);
  // Sends everything, reports each packet, and leaves the outbox empty.
  void flush(const Report& report);

 private:
  // Indices of packets that leave together.
  struct Group {
    std::array<size_t, kBatchPackets> indices;
    size_t size = 0;
  };

  Group take_group(uint64_t& waiting) const;
  void send_datagrams(const Group& group, const Report& report);
  void send_frames(const Group& group, const Report& report);

  const Listeners& listeners_;
  StreamTable& streams_;
  size_t size_ = 0;
  std::unique_ptr<uint8_t[]> buffers_;
  std::array<const Path*, kBatchPackets> paths_{};
  std::array<iovec, kBatchPackets> packets_{};
  std::array<PacketInfo, kBatchPackets> infos_;
  std::array<iovec, kBatchPackets> frames_{};
  std::array<mmsghdr, kBatchPackets> messages_{};
};

}  // namespace sallyport
