#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "path.h"

namespace sallyport {

struct ControlPacket {
  Path path;
  std::vector<uint8_t> bytes;
};

// Control packets that wait for JavaScript, in four lanes, so that nobody waits behind a flood of others' making: UDP
// clients that the owner knows, TCP streams that it has admitted, those that it has not, and strangers by UDP, whose
// addresses may be forged. Each lane is bounded and has its share of what is taken; except in the last no sender can
// fill the lane alone. Not thread-safe.
class ControlQueue {
 public:
  static constexpr size_t kPacketsPerLane = 4096;
  // A client has some twelve packets on the way at most.
  static constexpr size_t kPacketsPerSender = 64;
  // Whoever has not been admitted waits for an answer after one or two packets; the rest of what it sends can wait too.
  static constexpr size_t kPacketsPerNewcomer = 4;

  // The packets of a UDP client that come from now on are no stranger's. Streams need no acquaintance.
  void acquaint(const Path& path);
  void forget(const Path& path);

  // False when the lane, or the sender's part of it, is full. `admitted` is about streams.
  bool push(const Path& path, std::span<const uint8_t> bytes, bool admitted = false);
  // Up to `max` packets; those of one stream in their order.
  std::vector<ControlPacket> take(size_t max);
  bool empty() const;

  bool has_packets_of(uint64_t stream) const { return streams_.contains(stream); }

 private:
  enum Lane : size_t { kKnown, kStreams, kNewcomers, kStrangers, kLanes };
  static constexpr std::array kAllLanes = {kKnown, kStreams, kNewcomers, kStrangers};
  struct Sender {
    uint32_t listener;
    EndPoint remote;
    bool operator==(const Sender& other) const = default;
  };
  struct StreamPackets {
    Lane lane;
    size_t count;
  };
  struct SenderHash {
    size_t operator()(const Sender& sender) const;
  };

  Lane lane_of(const Path& path, bool admitted) const;
  // How many packets of this sender wait; null for strangers, who are not told apart.
  size_t* waiting(const Path& path, Lane lane);
  static size_t most_of_sender(Lane lane) { return lane == kNewcomers ? kPacketsPerNewcomer : kPacketsPerSender; }
  void take_from(Lane lane, size_t max, std::vector<ControlPacket>& taken);

  std::array<std::deque<ControlPacket>, kLanes> lanes_;
  std::unordered_map<Sender, size_t, SenderHash> known_;
  // Of streams with packets that wait.
  std::unordered_map<uint64_t, StreamPackets> streams_;
};

}  // namespace sallyport
