#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "counters.h"
#include "down_path.h"
#include "engine_lock.h"
#include "epoll.h"
#include "failure.h"
#include "file_descriptor.h"
#include "keepalives.h"
#include "listener.h"
#include "outbox.h"
#include "peer_table.h"
#include "receive_batch.h"
#include "stream_table.h"
#include "up_path.h"
#include "upward_queue.h"

namespace sallyport {

// A data thread and everything that it alone works with: its peers, and both ways of their packets. From `start` on its
// thread and the verbs of one caller take turns.
class Shard {
 public:
  // All three are shared, and outlive it. Throws Failure `system-call-failed`.
  Shard(const Listeners& listeners, Counters& counters, UpwardQueue& upward);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Starts the thread when there is none yet; to be called in turn.
  void start();
  // Ends the thread for good and forgets every peer and stream. May be called again, from any thread, but not in turn.
  void stop();

  // Runs a verb in its turn. Throws Failure `engine-stopped`, and what the verb throws.
  template <class Verb>
  auto in_turn(Verb verb) {
    const std::lock_guard turn(lock_);
    if (!open_) throw Failure("engine-stopped", "the packet engine has stopped");
    return verb();
  }
  // As above, also after the thread has ended.
  template <class Verb>
  auto in_last_turn(Verb verb) {
    const std::lock_guard turn(lock_);
    return verb();
  }

  // What verbs work on in their turn.
  PeerTable& peers() { return peers_; }
  StreamTable& streams() { return streams_; }
  Epoll& epoll() { return epoll_; }
  double cpu_seconds();

  // Lets streams go on that wait for room; from any thread.
  void wake();

 private:
  void run();
  bool work(std::span<const epoll_event> events);
  void dispatch(const Epoll::Ready& ready);
  void take_from(uint32_t listener);
  void accept(uint32_t listener, const TcpListener& socket);
  void forward(uint32_t network);
  void tick(uint64_t seconds);

  // Guards everything below.
  EngineLock lock_;
  // Whether there is a thread to come, or one at work.
  bool open_ = true;

  const Listeners& listeners_;
  UpwardQueue& upward_;
  PeerTable peers_;
  Epoll epoll_;
  StreamTable streams_;
  Outbox outbox_;
  UpPath up_;
  DownPath down_;
  Keepalives keepalives_;
  ReceiveBatch received_;
  FileDescriptor wake_;
  FileDescriptor timer_;
  // TCP listeners that found the process without room for another connection.
  std::vector<uint32_t> resting_;

  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace sallyport
