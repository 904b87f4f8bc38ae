#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "counters.h"
#include "listener.h"
#include "neighbours.h"
#include "networks.h"
#include "shard.h"
#include "tap.h"
#include "tun.h"
#include "tun_device.h"
#include "upward_queue.h"

namespace sallyport {

// A peer as its owner describes it; the path's ends are in the form of their own address family.
struct PeerDescription {
  uint32_t id;
  uint32_t network;
  Path path;
  std::optional<Ipv4Address> ipv4;
  std::optional<Ipv6Address> ipv6;
  std::vector<InnerPrefix> routes = {};
  // See Peer.
  uint16_t mtu = 0;
  SegmentLimit segment_limit = {};
};

// What the kernel does for an engine: of every listener by UDP, of which there must be one, and of every TUN device.
struct Capabilities {
  bool segmentation = false;
  bool receive_offload = false;
  TunOffload tun_offload = TunOffload::none;
};

struct EngineOptions {
  // From 1 to kMaxShards.
  size_t data_threads = 1;
};

// The packet engine. From `listen` on, its data threads carry packets: a peer by UDP belongs to the shard that is its
// id modulo their number, one by TCP to the first. Verbs are for one calling thread, run on it in turns with the data
// threads that they concern, and have taken effect when they return. `stop` may come from any thread, but not during a
// verb. All throw Failure.
class Engine {
 public:
  // `wake` is called on any of these threads when `take` has something to give. It must not call the engine.
  explicit Engine(std::function<void()> wake, const EngineOptions& options = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  struct Listening {
    uint32_t listener;
    EndPoint local;
  };

  uint32_t data_threads() const { return inboxes_.shards(); }

  Listening listen(Transport transport, const EndPoint& local, bool pass_foreign, const Dscp& dscp = {});
  void send_control(const Path& path, std::span<const uint8_t> bytes);
  void admit_stream(uint64_t stream);
  void close_stream(uint64_t stream);
  // Takes and gives back a UDP client's place among those whose control packets do not wait behind strangers'.
  void acquaint(const Path& path);
  void forget(const Path& path);
  void add_network(uint32_t index, const TunOptions& options, RouteBy route_by = RouteBy::destination);
  // Takes the queues of a device that the caller opened, non-blocking.
  void attach_network(uint32_t index, std::vector<TunDevice> queues, RouteBy route_by = RouteBy::destination);
  void remove_network(uint32_t index);
  void add_peer(const PeerDescription& description);
  void set_key(uint32_t peer_id, Slot slot, const KeyMaterial& material);
  void swap_keys(uint32_t peer_id);
  void delete_key(uint32_t peer_id, Slot slot);
  void set_keepalive(uint32_t peer_id, const Keepalive& keepalive);
  void delete_peer(uint32_t peer_id);
  // Anew, with full buckets. A rate of 0 is no limit.
  void set_limits(uint32_t peer_id, const TrafficRate& received, const TrafficRate& sent);
  // Nothing waits for these, nor they for anything.
  PeerStatistics statistics(uint32_t peer_id);
  std::vector<uint64_t> peer_drops(uint32_t peer_id);
  PeerStatistics network_statistics(uint32_t index);
  // Both in the order of kNetworkDrops.
  std::vector<uint64_t> network_drops(uint32_t index);
  // Copies the peer's packets to the file, of at most `max_bytes`, until `stop_tap` or the end of the peer.
  void start_tap(uint32_t peer_id, FileDescriptor file, TapSide side, uint64_t max_bytes);
  // The file is complete a little later, and when the engine has stopped.
  TapReport stop_tap(uint32_t peer_id);
  double cpu_seconds();
  // Waits for nobody, as does `cpu_seconds`, which sums over the data threads.
  CounterTotals counters() const;
  Capabilities capabilities();
  // Answers a wake with what has come up, and lets streams go on that wait for room. Waits for nobody's turn. Also
  // after the threads have ended.
  UpwardQueue::Batch take(size_t max_control);

  // Ends the threads, deletes every TUN device and closes the sockets. May be called again.
  void stop();

 private:
  Shard& first() { return *shards_.front(); }
  // Where the peer is, or would be looked for last.
  Shard& home_of(uint32_t peer_id);
  // For totals, which anyone may read at any time. Throws Failure `unknown-peer` and `engine-stopped`.
  const Peer& look_at(uint32_t peer_id);
  const Network& look_at_network(uint32_t index);
  // Runs a verb in the turn of the peer's shard. Throws Failure `unknown-peer` and `engine-stopped`.
  template <class Verb>
  auto with_peer(uint32_t peer_id, Verb verb);
  // Runs a verb in the turns of all shards.
  template <class Verb>
  auto in_all_turns(Verb verb);

  // What each shard gets of a new listener.
  std::vector<Listener> open_listener(Transport transport, const EndPoint& local, bool pass_foreign,
                                      const Dscp& dscp) const;
  void end_tap(std::shared_ptr<Tap> tap);
  // The path in the form of its listener's family. Throws Failure `not-listening`, `unknown-listener` or `bad-address`.
  Path reachable(const Path& path) const;

  // What verbs do beside the shards.
  Counters counters_;
  UpwardQueue upward_;
  // By peer.
  std::unordered_map<uint32_t, std::shared_ptr<Tap>> taps_;
  // Those that had to end and whose files may not be complete yet.
  std::vector<std::shared_ptr<Tap>> ended_taps_;
  Networks networks_;
  Inboxes inboxes_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::mutex stop_mutex_;
};

}  // namespace sallyport
