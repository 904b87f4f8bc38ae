#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "counters.h"
#include "delivery.h"
#include "down_path.h"
#include "engine_lock.h"
#include "epoll.h"
#include "failure.h"
#include "file_descriptor.h"
#include "keepalives.h"
#include "listener.h"
#include "neighbours.h"
#include "networks.h"
#include "outbox.h"
#include "peer_table.h"
#include "receive_batch.h"
#include "receive_pacing.h"
#include "stream_table.h"
#include "up_path.h"
#include "upward_queue.h"

namespace sallyport {

// A data thread and everything that it alone works with: its peers, and both ways of their packets. From `start` on its
// thread and the verbs of one caller take turns. Peers and listeners come and go by verbs alone, so that their caller
// may look at them at any time.
class Shard {
 public:
  using Turn = std::unique_lock<EngineLock>;

  // `number` is its own among all shards of the engine, which share the rest, and which that outlives. Throws Failure
  // `system-call-failed`.
  Shard(uint32_t number, Networks& networks, Inboxes& inboxes, UpwardQueue& upward);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Starts the thread when there is none yet; to be called in turn.
  void start();
  // Ends the thread for good and forgets every peer, stream and listener. May be called again, from any thread, but not
  // in turn.
  void stop();

  // Throws Failure `engine-stopped`.
  void require_open() const;
  // A verb's turn, which lasts until it is destroyed. Throws Failure `engine-stopped`. Whoever needs the turns of
  // several shards takes them in the order of their numbers.
  Turn take_turn();
  // Runs a verb in its turn. Throws Failure `engine-stopped`, and what the verb throws.
  template <class Verb>
  auto in_turn(Verb verb) {
    const Turn turn = take_turn();
    return verb();
  }

  // What verbs work on in their turn.
  PeerTable& peers() { return peers_; }
  Keepalives& keepalives() { return keepalives_; }
  StreamTable& streams() { return streams_; }
  Epoll& epoll() { return epoll_; }
  Listeners& listeners() { return listeners_; }

  // Of these nothing waits for a turn.
  const Listeners& listeners() const { return listeners_; }
  const Counters& counters() const { return counters_; }
  // CPU seconds used so far by the thread. Throws Failure `engine-stopped`.
  double cpu_seconds();

  // Lets streams go on that wait for room; from any thread.
  void wake();

 private:
  void run();
  bool let_gather();
  bool work(std::span<const epoll_event> events);
  void dispatch(const Epoll::Ready& ready);
  void open_inbox();
  void take_from(uint32_t listener);
  void accept(uint32_t listener, const TcpListener& socket);
  void forward(uint32_t network);
  void tick(uint64_t seconds);
  void pause_keepalives(bool more);

  const uint32_t number_;
  // Whether there is a thread to come, or one at work.
  std::atomic<bool> open_ = true;
  Counters counters_;
  // Guards everything below, down to `resting_`.
  EngineLock lock_;

  Listeners listeners_;
  Networks& networks_;
  Inbox& inbox_;
  Neighbours neighbours_;
  UpwardQueue& upward_;
  PeerTable peers_;
  Epoll epoll_;
  StreamTable streams_;
  Outbox outbox_;
  Delivery delivery_;
  UpPath up_;
  DownPath down_;
  Keepalives keepalives_;
  ReceiveBatch received_;
  ReceivePacing pacing_;
  // Messages received since the last wait, and whether a socket has more.
  size_t messages_ = 0;
  bool drained_ = true;
  FileDescriptor wake_;
  FileDescriptor timer_;
  FileDescriptor pause_;
  // TCP listeners that found the process without room for another connection.
  std::vector<uint32_t> resting_;

  // Held while the thread ends, and while somebody looks at it.
  std::mutex thread_mutex_;
  std::thread thread_;
};

}  // namespace sallyport
