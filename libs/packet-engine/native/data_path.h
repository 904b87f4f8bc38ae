#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "counters.h"
#include "outbox.h"
#include "peer_table.h"
#include "stream_table.h"
#include "udp.h"
#include "upward_queue.h"

namespace sallyport {

// What happens to a packet between the transport and the TUN devices, both ways. Used under the engine's lock.
class DataPath {
 public:
  DataPath(PeerTable& peers, Outbox& outbox, Counters& counters, UpwardQueue& upward)
      : peers_(peers), outbox_(outbox), counters_(counters), upward_(upward) {}

  void receive(const ReceiveBatch::Datagram& datagram);
  // `admitted` is about streams.
  Received receive(const Path& path, std::span<uint8_t> bytes, bool admitted);
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
    size_t packet_bytes;
    Kind kind;
  };

  void drop(Counter reason) { counters_.add(reason); }
  Received refuse(Counter reason, Received received = Received::dropped);
  Received receive_control(const Path& path, std::span<const uint8_t> bytes, bool admitted);
  Received receive_data(const Path& path, std::span<uint8_t> bytes);
  Received refuse_unopened(Opened::Result result);
  void follow(Peer& peer, const Path& path);
  bool receive_magic(Peer& peer, std::span<const uint8_t> text);
  void deliver(Peer& peer, std::span<const uint8_t> text);
  void forward_one(const Network& network, PacketBuffer packet);
  void seal(Peer& peer, PacketBuffer packet, Kind kind);
  void ping(Peer& peer);
  void report_key(const Peer& peer, DataKey& key);
  void flush();

  PeerTable& peers_;
  Outbox& outbox_;
  Counters& counters_;
  UpwardQueue& upward_;
  uint64_t now_ = 0;
  std::array<Outgoing, kBatchPackets> outgoing_{};
};

}  // namespace sallyport
