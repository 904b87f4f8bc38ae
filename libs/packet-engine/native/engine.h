#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "counters.h"
#include "data_path.h"
#include "epoll.h"
#include "file_descriptor.h"
#include "listener.h"
#include "outbox.h"
#include "peer_table.h"
#include "stream_table.h"
#include "tun.h"
#include "upward_queue.h"

namespace sallyport {

enum class Slot { primary, secondary };

// A peer as its owner describes it; the path's ends are in the form of their own address family.
struct PeerDescription {
  uint32_t id;
  uint32_t network;
  Path path;
  std::optional<Ipv4Address> ipv4;
  std::optional<Ipv6Address> ipv6;
};

// The packet engine. From `listen` on, one thread owns networks, peers and keys; every verb runs as a command on that
// thread and has taken effect when it returns. Verbs are for one calling thread; `stop` may come from any. All throw
// Failure.
class Engine {
 public:
  // `wake` is called on the engine's thread when `upward().take` has something to give.
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
  void close_stream(uint64_t stream);
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
  UpwardQueue& upward() { return upward_; }

  // Ends the thread, deletes every TUN device and closes the sockets. May be called again.
  void stop();

 private:
  using Command = std::packaged_task<void()>;

  // Runs `command` on the engine's thread (on the caller's before `listen`) and waits; rethrows what it throws.
  void call(const std::function<void()>& command);
  // The path in the form of its listener's family. Throws Failure `not-listening`, `unknown-listener` or `bad-address`.
  Path reachable(const Path& path) const;

  void run();
  void dispatch(const Epoll::Ready& ready);
  void run_commands();
  void take_from(uint32_t listener);
  void accept(uint32_t listener, const TcpListener& socket);
  void forward(uint32_t network);
  void tick(uint64_t seconds);

  Counters counters_;
  UpwardQueue upward_;
  PeerTable peers_;
  Epoll epoll_;
  // Grows on the engine's thread while the calling thread waits, so that both may read it.
  Listeners listeners_;
  StreamTable streams_;
  Outbox outbox_;
  DataPath path_;
  ReceiveBatch received_;
  FileDescriptor wake_;
  FileDescriptor timer_;
  // TCP listeners that found the process without room for another connection.
  std::vector<uint32_t> resting_;

  std::mutex commands_mutex_;
  std::vector<Command> commands_;
  bool accepting_ = true;
  bool stopping_ = false;

  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace sallyport
