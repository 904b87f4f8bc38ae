#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "counters.h"
#include "data_path.h"
#include "engine_lock.h"
#include "epoll.h"
#include "file_descriptor.h"
#include "listener.h"
#include "outbox.h"
#include "peer_table.h"
#include "stream_table.h"
#include "tun.h"
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
  // Takes a device that the caller opened: one IP packet per read and write, non-blocking.
  void attach_network(uint32_t index, FileDescriptor device);
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
  // Runs a verb in its turn.
  template <class Verb>
  auto call(Verb verb);
  // The path in the form of its listener's family. Throws Failure `not-listening`, `unknown-listener` or `bad-address`.
  Path reachable(const Path& path) const;

  void run();
  bool work(std::span<const epoll_event> events);
  void dispatch(const Epoll::Ready& ready);
  void take_from(uint32_t listener);
  void accept(uint32_t listener, const TcpListener& socket);
  void forward(uint32_t network);
  void tick(uint64_t seconds);

  // Guards everything below but the counters, and `listeners_` against those who do not add to it.
  EngineLock lock_;
  // Whether there is a thread to come, or one at work.
  bool open_ = true;

  Counters counters_;
  UpwardQueue upward_;
  PeerTable peers_;
  Epoll epoll_;
  // Grows by a verb, so that the calling thread may read it at any time.
  Listeners listeners_;
  StreamTable streams_;
  Outbox outbox_;
  DataPath path_;
  ReceiveBatch received_;
  FileDescriptor wake_;
  FileDescriptor timer_;
  // TCP listeners that found the process without room for another connection.
  std::vector<uint32_t> resting_;

  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace sallyport
