#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data_key.h"
#include "drops.h"
#include "fair_share.h"
#include "inner_prefix.h"
#include "ip_packet.h"
#include "mss_clamp.h"
#include "path.h"
#include "peer_limits.h"
#include "tally.h"
#include "tap.h"
#include "timer_wheel.h"

namespace sallyport {

class Network;

// Totals of a peer, or of a network in one shard; that shard is their writer.
struct PeerStatistics {
  Tally received_bytes;
  Tally received_packets;
  Tally sent_bytes;
  Tally sent_packets;
  Tally transport_received_bytes;
  Tally transport_sent_bytes;
};

// In ticks of one second; 0 is off.
struct Keepalive {
  uint32_t interval = 0;
  uint32_t timeout = 0;
};

// What the sending of packets to a peer has to remember.
struct SendState {
  // Where its last train is, if it still waits.
  uint16_t train = 0;
  // Until that tick, outer packets from this length on go one by one, because its path does not carry them whole.
  uint16_t too_long_bytes = 0;
  uint64_t too_long_until = 0;
  // The tick of the last ICMP answers to packets that were too big for it, and how many there were.
  uint64_t answer_tick = 0;
  uint8_t answers = 0;
};

enum class Slot { primary, secondary };

struct Peer {
  uint32_t id = 0;
  Network* network = nullptr;
  Path path;
  std::optional<Ipv4Address> ipv4;
  std::optional<Ipv6Address> ipv6;
  // What lies behind it besides its own addresses.
  std::vector<InnerPrefix> routes;

  // The longest inner packet that is sent to it; 0 leaves it at kMaxInnerBytes.
  uint16_t mtu = 0;
  // Of TCP through the tunnel, both ways.
  SegmentLimit segment_limit;
  SendState send;

  std::unique_ptr<DataKey> primary;
  std::unique_ptr<DataKey> secondary;
  // Keys that it was given, and which of them is the newest that has opened a packet.
  uint64_t generations = 0;
  uint64_t used_generation = 0;

  Keepalive keepalive;
  uint64_t last_sent_tick = 0;
  uint64_t last_received_tick = 0;
  bool timeout_reported = false;
  bool exit_reported = false;
  TimerWheel::Place timer;
  // Mostly there are none.
  std::unique_ptr<PeerLimits> limits;
  // Of what its shard can do, in each direction.
  FairShare::Claim received_claim;
  FairShare::Claim sent_claim;
  // Its other owner ends it, out of turn, and waits for the disk.
  std::shared_ptr<Tap> tap;
  PeerStatistics statistics;
  PeerDrops drops;
  // Its network's, in its shard.
  PeerStatistics* network_statistics = nullptr;

  // A data packet of `bytes` bytes has opened.
  void count_opened(uint64_t bytes) {
    statistics.transport_received_bytes += bytes;
    network_statistics->transport_received_bytes += bytes;
  }
  // Inner packets have gone into the TUN device.
  void count_received(uint64_t packets, uint64_t bytes) {
    for (PeerStatistics* totals : {&statistics, network_statistics}) {
      totals->received_packets += packets;
      totals->received_bytes += bytes;
    }
  }
  // Inner packets have left, and pings, which count for the transport alone.
  void count_sent(uint64_t packets, uint64_t bytes, uint64_t transport_bytes) {
    for (PeerStatistics* totals : {&statistics, network_statistics}) {
      totals->sent_packets += packets;
      totals->sent_bytes += bytes;
      totals->transport_sent_bytes += transport_bytes;
    }
  }

  DataKey* key(uint8_t key_id) const;
  std::unique_ptr<DataKey>& slot(Slot slot) { return slot == Slot::primary ? primary : secondary; }
  // Exchanges `key` for the one in the slot.
  void set_key(Slot slot, std::unique_ptr<DataKey>& key);
};

}  // namespace sallyport
