#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "data_key.h"
#include "listener.h"
#include "packet_buffer.h"
#include "stream_table.h"
#include "train.h"
#include "train_sender.h"

namespace sallyport {

// Packets on their way out. They are written one behind the other and leave as trains: what follows each other for one
// peer goes with one message, what goes by the same UDP socket with one system call, and so what goes by the same TCP
// stream. Used in the turn of its shard.
class Outbox {
 public:
  static constexpr size_t kBytes = 256 * 1024;
  static constexpr size_t kPackets = 1024;
  static constexpr size_t kTrains = 64;

  using Report = TrainSender::Report;

  // `call` sends messages; it is the system's unless a test knows better.
  Outbox(const Listeners& listeners, StreamTable& streams, Counters& counters, UpwardQueue& upward,
         TrainSender::Call call = sendmmsg);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Whether it must be flushed before another packet to this path is begun.
  bool full(const Path& path) const;
  // Asked before a packet is numbered: why a packet by this path has no chance. What was reserved is added or
  // cancelled.
  std::optional<Counter> reserve(const Path& path) {
    return path.transport == Transport::udp ? std::nullopt : streams_.reserve(path.stream);
  }
  void cancel(const Path& path) {
    if (path.transport == Transport::tcp) streams_.cancel(path.stream);
  }
  // Room for a plaintext of up to kMaxInnerBytes, placed so that the sealed packet touches the one before. It must not
  // be full.
  PacketBuffer begin(const Path& path, const Overhead& overhead);
  // Takes the sealed packet in what `begin` gave. `inner_bytes` are 0 for a ping. Peer and path must stay as they are
  // until the flush.
  void add(Peer& peer, PacketBuffer packet, size_t inner_bytes, uint8_t traffic_class);
  // Sends everything at this time, reports it, and leaves the outbox empty.
  void flush(uint64_t now, const Report& report);

 private:
  Train& train_for(Peer& peer, size_t wire_bytes, uint8_t traffic_class);
  uint64_t send_datagrams(uint64_t waiting, uint64_t now, const Report& report);
  void send_frames(const Train& train, const Report& report);

  const Listeners& listeners_;
  StreamTable& streams_;
  TrainSender sender_;
  std::unique_ptr<uint8_t[]> arena_;
  size_t used_ = 0;
  size_t packet_count_ = 0;
  size_t train_count_ = 0;
  std::array<WaitingPacket, kPackets> packets_{};
  std::array<Train, kTrains> trains_{};
  std::array<iovec, kPackets> frames_{};
};

}  // namespace sallyport
