#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "counters.h"
#include "listener.h"
#include "shard.h"
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
};

// The packet engine. From `listen` on, one thread carries packets. Verbs are for one calling thread, run on it in turns
// with the engine's, and have taken effect when they return. `stop` may come from any thread, but not during a verb.
// All throw Failure.
class Engine {
 public:
  // `wake` is called on any of these threads when `take` has something to give. It must not call the engine.
  explicit Engine(std::function<void()> wake);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  struct Listening {
    uint32_t listener;
    EndPoint local;
  };

  Listening listen(Transport transport, const EndPoint& local, bool pass_foreign);
  void send_control(const Path& path, std::span<const uint8_t> bytes);
  void admit_stream(uint64_t stream);
  void close_stream(uint64_t stream);
  // Takes and gives back a UDP client's place among those whose control packets do not wait behind strangers'.
  void acquaint(const Path& path);
  void forget(const Path& path);
  void add_network(uint32_t index, const TunOptions& options);
  // Takes a device that the caller opened, non-blocking.
  void attach_network(uint32_t index, TunDevice device);
  void remove_network(uint32_t index);
  void add_peer(const PeerDescription& description);
  void set_key(uint32_t peer_id, Slot slot, const KeyMaterial& material);
  void swap_keys(uint32_t peer_id);
  void delete_key(uint32_t peer_id, Slot slot);
  void set_keepalive(uint32_t peer_id, const Keepalive& keepalive);
  void delete_peer(uint32_t peer_id);
  PeerStatistics statistics(uint32_t peer_id);
  double cpu_seconds();
  const Counters& counters() const { return counters_; }
  // Answers a wake with what has come up, and lets streams go on that wait for room. Also after the thread has ended.
  UpwardQueue::Batch take(size_t max_control);

  // Ends the thread, deletes every TUN device and closes the sockets. May be called again.
  void stop();

 private:
  // The path in the form of its listener's family. Throws Failure `not-listening`, `unknown-listener` or `bad-address`.
  Path reachable(const Path& path) const;

  Counters counters_;
  // Used in the shard's turn, as is `listeners_`, which grows by a verb, so that the calling thread may read it at any
  // time.
  UpwardQueue upward_;
  Listeners listeners_;
  Shard shard_;
};

}  // namespace sallyport
