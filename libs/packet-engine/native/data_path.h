#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "counters.h"
#include "peer_table.h"
#include "udp.h"
#include "upward_queue.h"

namespace sallyport {

// The longest inner packet that is carried; a longer one is dropped and counted.
inline constexpr size_t kMaxInnerBytes = 9000;
static_assert(kDataOverheadBytes + kMaxInnerBytes < kBufferBytes);

// What happens to a packet between the UDP socket and the TUN devices, both ways. Lives on the engine's thread.
class DataPath {
 public:
  DataPath(PeerTable& peers, Counters& counters, UpwardQueue& upward)
      : peers_(peers), counters_(counters), upward_(upward) {}

  void set_socket(int fd) { socket_ = fd; }

  void receive(const ReceiveBatch::Datagram& datagram);
  // Seals and sends up to one batch of what waits in the TUN device; false when the device no longer exists.
  bool forward(Network& network);
  // Lets `seconds` pass: pings idle peers and reports silent ones.
  void tick(uint64_t seconds);
  uint64_t now() const { return now_; }

 private:
  enum class Kind : uint8_t { packet, ping };
  struct Outgoing {
    Peer* peer;
    size_t inner_bytes;
    Kind kind;
  };

  void drop(Counter reason) { counters_.add(reason); }
  void receive_control(const EndPoint& from, std::span<const uint8_t> bytes);
  void receive_data(const EndPoint& from, std::span<uint8_t> bytes);
  bool receive_magic(Peer& peer, std::span<const uint8_t> text);
  void deliver(Peer& peer, std::span<const uint8_t> text);
  void forward_one(const Network& network, size_t inner_bytes);
  void seal(Peer& peer, size_t inner_bytes, Kind kind);
  void ping(Peer& peer);
  void report_key(const Peer& peer, DataKey& key);
  void flush();

  PeerTable& peers_;
  Counters& counters_;
  UpwardQueue& upward_;
  int socket_ = -1;
  uint64_t now_ = 0;
  SendBatch batch_;
  std::array<Outgoing, kBatchPackets> outgoing_{};
};

}  // namespace sallyport
