#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "counters.h"
#include "send_info.h"
#include "train.h"
#include "udp.h"
#include "upward_queue.h"

namespace sallyport {

// Sends trains by UDP, several with one system call, each of them whole where the kernel cuts it. Where it does not,
// datagrams go one by one, as they also do on a path that would have to fragment them. What the kernel refuses besides
// is lost, alone, and reported. Used in the turn of its shard.
class TrainSender {
 public:
  // As sendmmsg(2).
  using Call = std::function<int(int fd, mmsghdr* messages, unsigned count, int flags)>;
  using Report = std::function<void(const Departure& departure)>;

  // The most that the kernel takes at once: before Linux 6.9 it is kOldSegments, of which it tells when it refuses.
  static constexpr size_t kSegments = 128;
  static constexpr size_t kOldSegments = 64;
  static constexpr size_t kTrainBytes = 65507;
  // Ticks during which a path is spared what it could not carry whole.
  static constexpr uint64_t kPathMemoryTicks = 60;

  TrainSender(Counters& counters, UpwardQueue& upward, Call call) : counters_(counters), upward_(upward), call_(call) {}
  TrainSender(const TrainSender&) = delete;
  TrainSender& operator=(const TrainSender&) = delete;

  // Announces what the following trains are: the socket that they leave by, which is that of `listener`; the packets
  // that they are made of; the time; who hears what became of them.
  void begin(const UdpSocket& socket, uint32_t listener, const WaitingPacket* packets, uint64_t now,
             const Report& report);
  void add(const Train& train);
  // Sends what was added.
  void submit();

 private:
  static constexpr size_t kMessages = 64;
  static constexpr size_t kVectors = 1024;

  // Consecutive packets of a train that are one message.
  struct Piece {
    const Train* train;
    uint16_t first;
    uint16_t packets;
  };
  // The rest of a train, from which pieces are taken.
  struct Rest {
    const Train* train;
    uint16_t first;
    uint16_t packets;
    Piece take(size_t count, const WaitingPacket* packets_of);
  };

  size_t segments_of(const Train& train) const;
  size_t fill(const Piece& piece, msghdr& header, SendInfo& info, std::span<iovec> vectors) const;
  void recover(const Piece& piece, int error);
  bool resend(const Piece& piece, size_t segments);
  void blame(const Train& train, int error);
  void report(const Piece& piece, bool sent);

  Counters& counters_;
  UpwardQueue& upward_;
  Call call_;

  const UdpSocket* socket_ = nullptr;
  uint32_t listener_ = 0;
  const WaitingPacket* packets_ = nullptr;
  uint64_t now_ = 0;
  const Report* report_ = nullptr;

  size_t segments_ = kSegments;
  // By listener, whether the kernel refused to cut what left by its socket.
  std::vector<bool> refused_;

  size_t size_ = 0;
  size_t vectors_used_ = 0;
  std::array<Piece, kMessages> pieces_{};
  std::array<SendInfo, kMessages> infos_;
  std::array<mmsghdr, kMessages> messages_{};
  std::array<iovec, kVectors> vectors_{};
};

}  // namespace sallyport
