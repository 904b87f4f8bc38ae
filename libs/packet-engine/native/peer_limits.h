#pragma once

#include <cstddef>
#include <cstdint>

#include "token_bucket.h"

namespace sallyport {

// What may pass in one direction.
struct TrafficRate {
  Rate bytes;
  Rate packets;

  bool limits() const { return bytes.per_second != 0 || packets.per_second != 0; }
};

// Lets inner packets pass within a rate of bytes and a rate of packets, and takes of neither for what it stops.
class TrafficLimiter {
 public:
  TrafficLimiter() = default;
  TrafficLimiter(const TrafficRate& rate, uint64_t now_ns)
      : bytes_(rate.bytes, now_ns), packets_(rate.packets, now_ns) {}

  bool would_admit(size_t packet_bytes, uint64_t now_ns) const {
    return packets_.affords(1, now_ns) && bytes_.affords(packet_bytes, now_ns);
  }
  bool admit(size_t packet_bytes, uint64_t now_ns) {
    if (!would_admit(packet_bytes, now_ns)) return false;
    packets_.take(1, now_ns);
    bytes_.take(packet_bytes, now_ns);
    return true;
  }

 private:
  TokenBucket bytes_;
  TokenBucket packets_;
};

// The limits of one peer: on what comes from it, and on what is sent to it.
struct PeerLimits {
  PeerLimits(const TrafficLimiter& from_peer, const TrafficLimiter& to_peer) : received(from_peer), sent(to_peer) {}

  TrafficLimiter received;
  TrafficLimiter sent;
};

}  // namespace sallyport
