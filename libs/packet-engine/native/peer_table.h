#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "data_key.h"
#include "ip_packet.h"
#include "path.h"
#include "tun_device.h"

namespace sallyport {

struct PeerStatistics {
  uint64_t received_bytes = 0;
  uint64_t received_packets = 0;
  uint64_t sent_bytes = 0;
  uint64_t sent_packets = 0;
  uint64_t transport_received_bytes = 0;
  uint64_t transport_sent_bytes = 0;
};

// In ticks of one second; 0 is off.
struct Keepalive {
  uint32_t interval = 0;
  uint32_t timeout = 0;
};

class Network;

enum class Slot { primary, secondary };

struct Peer {
  uint32_t id = 0;
  Network* network = nullptr;
  Path path;
  std::optional<Ipv4Address> ipv4;
  std::optional<Ipv6Address> ipv6;

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
  PeerStatistics statistics;

  DataKey* key(uint8_t key_id) const;
  std::unique_ptr<DataKey>& slot(Slot slot) { return slot == Slot::primary ? primary : secondary; }
  // Exchanges `key` for the one in the slot.
  void set_key(Slot slot, std::unique_ptr<DataKey>& key);
};

// One TUN device and the inner addresses that lead to peers; two networks may use the same addresses.
class Network {
 public:
  Network(uint32_t index, TunDevice device) : index_(index), device_(std::move(device)) {}

  uint32_t index() const { return index_; }
  const TunDevice& device() const { return device_; }

  Peer* route(const IpHeader& header) const;
  bool has_route(const Peer& peer) const;
  void add_routes(Peer& peer);
  void remove_routes(const Peer& peer);

 private:
  template <class Address>
  struct AddressHash {
    size_t operator()(const Address& address) const;
  };

  uint32_t index_;
  TunDevice device_;
  std::unordered_map<Ipv4Address, Peer*, AddressHash<Ipv4Address>> ipv4_routes_;
  std::unordered_map<Ipv6Address, Peer*, AddressHash<Ipv6Address>> ipv6_routes_;
};

// Every network and peer of an engine, and the time by which their silences are measured. Pointers to them stay valid
// until they are removed. Not thread-safe.
class PeerTable {
 public:
  // In ticks of one second.
  uint64_t now() const { return now_; }
  void pass(uint64_t seconds) { now_ += seconds; }

  Peer* find(uint32_t peer_id);
  Network* find_network(uint32_t index);
  // As above, but throw Failure `unknown-peer` or `unknown-network`.
  Peer& get(uint32_t peer_id);
  Network& get_network(uint32_t index);

  // Throws Failure `duplicate-network`.
  void require_free_network(uint32_t index);
  void add_network(uint32_t index, TunDevice device);
  void remove_network(uint32_t index);

  // `peer` names its network; throws Failure `duplicate-peer` or `duplicate-address`.
  void add(Peer peer);
  void remove(uint32_t peer_id);
  void clear();

  template <class Visitor>
  void for_each(Visitor visit) {
    for (auto& entry : peers_) visit(entry.second);
  }

 private:
  uint64_t now_ = 0;
  std::unordered_map<uint32_t, Network> networks_;
  std::unordered_map<uint32_t, Peer> peers_;
};

}  // namespace sallyport
