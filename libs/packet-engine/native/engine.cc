#include "engine.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "failure.h"

namespace sallyport {

namespace {

// What waits for this thread is lost when it comes too late, unlike what waits for JavaScript's. Needs CAP_SYS_NICE or
// RLIMIT_NICE; without them it is a thread like any other.
constexpr int kNiceness = -10;

FileDescriptor checked(int fd, const char* what) {
  if (fd < 0) throw system_failure(what, errno);
  return FileDescriptor(fd);
}

FileDescriptor open_second_timer() {
  FileDescriptor timer = checked(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
  const itimerspec every_second = {{1, 0}, {1, 0}};
  if (timerfd_settime(timer.get(), 0, &every_second, nullptr) != 0) throw system_failure("timerfd_settime", errno);
  return timer;
}

uint64_t read_count(int fd) {
  uint64_t count = 0;
  return read(fd, &count, sizeof count) == sizeof count ? count : 0;
}

// Signals are JavaScript's business: the engine's thread starts with all of them blocked.
std::thread start_without_signals(std::function<void()> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread.native_handle(), "packet-engine");
  return thread;
}

}  // namespace

Engine::Engine(std::function<void()> wake)
    : upward_(std::move(wake)),
      streams_(epoll_, counters_, upward_),
      outbox_(listeners_, streams_),
      path_(peers_, outbox_, counters_, upward_),
      wake_(checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      timer_(open_second_timer()) {
  epoll_.watch(wake_.get(), Epoll::Source::wake, 0);
  epoll_.watch(timer_.get(), Epoll::Source::timer, 0);
}

Engine::~Engine() { stop(); }

void Engine::stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard turn(lock_);
    open_ = false;
  }
  eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
  const std::lock_guard turn(lock_);
  peers_.clear();
  streams_.clear();
  listeners_.clear();
}

template <class Verb>
auto Engine::call(Verb verb) {
  const std::lock_guard turn(lock_);
  if (!open_) throw Failure("engine-stopped", "the packet engine has stopped");
  return verb();
}

// The verbs, on the caller's thread.

Engine::Listening Engine::listen(Transport transport, const EndPoint& local, bool pass_foreign) {
  Listener opened = transport == Transport::udp ? Listener(std::in_place_type<UdpSocket>, local)
                                                : Listener(std::in_place_type<TcpListener>, local, pass_foreign);
  return call([&] {
    if (!thread_.joinable()) thread_ = start_without_signals([this] { run(); });
    const Listening listening{static_cast<uint32_t>(listeners_.size()), local_of(opened)};
    epoll_.watch(descriptor_of(opened), Epoll::Source::listener, listening.listener);
    listeners_.push_back(std::move(opened));
    return listening;
  });
}

Path Engine::reachable(const Path& path) const {
  if (listeners_.empty()) throw Failure("not-listening", "the packet engine does not listen yet");
  if (path.listener >= listeners_.size() || transport_of(listeners_[path.listener]) != path.transport) {
    throw Failure("unknown-listener", "there is no such listener of that transport: " + std::to_string(path.listener));
  }
  const int family = local_of(listeners_[path.listener]).family();
  const auto remote = path.remote.for_family(family);
  const auto local = path.local.for_family(family);
  if (!remote || !local) throw Failure("bad-address", "an IPv4 socket cannot reach " + path.remote.address());
  return {path.listener, path.transport, *remote, *local, path.stream};
}

// A datagram needs nothing but its socket, and waits for nobody.
void Engine::send_control(const Path& path, std::span<const uint8_t> bytes) {
  const Path way = reachable(path);
  if (way.transport == Transport::udp) {
    const bool sent = std::get<UdpSocket>(listeners_[way.listener]).send(way, bytes);
    return counters_.add(sent ? Counter::udpPacketsSent : Counter::dropSendFailed);
  }
  if (bytes.empty() || bytes.size() > kMaxFramePacketBytes) {
    throw Failure("bad-argument", "a packet of " + std::to_string(bytes.size()) + " bytes has no place on a stream");
  }
  call([&] {
    if (streams_.send_control(way.stream, bytes)) counters_.add(Counter::tcpPacketsSent);
  });
}

void Engine::admit_stream(uint64_t stream) {
  call([&] { streams_.admit(stream); });
}

void Engine::close_stream(uint64_t stream) {
  call([&] { streams_.close_when_sent(stream); });
}

void Engine::acquaint(const Path& path) {
  call([&] { upward_.acquaint(reachable(path)); });
}

void Engine::forget(const Path& path) {
  call([&] { upward_.forget(reachable(path)); });
}

void Engine::add_network(uint32_t index, const TunOptions& options) {
  call([&] { peers_.require_free_network(index); });
  attach_network(index, open_tun(options));
}

void Engine::attach_network(uint32_t index, FileDescriptor device) {
  call([&] {
    peers_.require_free_network(index);
    epoll_.watch(device.get(), Epoll::Source::network, index);
    peers_.add_network(index, std::move(device));
  });
}

void Engine::remove_network(uint32_t index) {
  call([&] {
    const Network& network = peers_.get_network(index);
    peers_.for_each([&](const Peer& peer) {
      if (peer.network == &network) streams_.detach(peer.path.stream, peer.id);
    });
    peers_.remove_network(index);
  });
}

void Engine::add_peer(const PeerDescription& description) {
  Peer peer;
  peer.id = description.id;
  peer.path = reachable(description.path);
  peer.ipv4 = description.ipv4;
  peer.ipv6 = description.ipv6;
  call([&] {
    peer.network = &peers_.get_network(description.network);
    peer.last_sent_tick = peer.last_received_tick = path_.now();
    peers_.add(std::move(peer));
    streams_.attach(description.path.stream, description.id);
  });
}

void Engine::set_key(uint32_t peer_id, Slot slot, const KeyMaterial& material) {
  auto key = std::make_unique<DataKey>(material);
  call([&] {
    Peer& peer = peers_.get(peer_id);
    const auto& other = peer.slot(slot == Slot::primary ? Slot::secondary : Slot::primary);
    if (other && other->key_id() == key->key_id()) {
      throw Failure("duplicate-key-id", "the other slot of peer " + std::to_string(peer_id) + " has the same key id");
    }
    key->await_first_use(slot == Slot::secondary);
    peer.set_key(slot, key);
  });
}

void Engine::swap_keys(uint32_t peer_id) {
  call([&] {
    Peer& peer = peers_.get(peer_id);
    if (!peer.secondary) {
      throw Failure("no-key", "peer " + std::to_string(peer_id) + " has no key in the secondary slot");
    }
    // The owner has decided; hearing of a key that it moved would only mislead.
    peer.secondary->await_first_use(false);
    peer.primary.swap(peer.secondary);
  });
}

void Engine::delete_key(uint32_t peer_id, Slot slot) {
  call([&] { peers_.get(peer_id).slot(slot).reset(); });
}

void Engine::set_keepalive(uint32_t peer_id, const Keepalive& keepalive) {
  call([&] {
    Peer& peer = peers_.get(peer_id);
    peer.keepalive = keepalive;
    peer.last_sent_tick = peer.last_received_tick = path_.now();
    peer.timeout_reported = false;
  });
}

void Engine::delete_peer(uint32_t peer_id) {
  call([&] {
    streams_.detach(peers_.get(peer_id).path.stream, peer_id);
    peers_.remove(peer_id);
  });
}

PeerStatistics Engine::statistics(uint32_t peer_id) {
  return call([&] { return peers_.get(peer_id).statistics; });
}

double Engine::cpu_seconds() {
  return call([&] {
    clockid_t clock;
    timespec used{};
    if (thread_.joinable() && pthread_getcpuclockid(thread_.native_handle(), &clock) == 0) clock_gettime(clock, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
  });
}

UpwardQueue::Batch Engine::take(size_t max_control) {
  const std::lock_guard turn(lock_);
  UpwardQueue::Batch batch = upward_.take(max_control);
  if (streams_.any_held_back()) eventfd_write(wake_.get(), 1);
  return batch;
}

// The loop, on the engine's thread.

void Engine::run() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  try {
    while (work(epoll_.wait())) continue;
  } catch (const std::exception& error) {
    const std::lock_guard turn(lock_);
    open_ = false;
    upward_.push_fatal(error.what());
  }
}

// Answers whether there is more to do.
bool Engine::work(std::span<const epoll_event> events) {
  EngineLock::Work turn(lock_);
  for (const epoll_event& event : events) {
    if (!open_) return false;
    // What an event is about may have gone since it was reported.
    dispatch(Epoll::read(event));
    turn.give_way();
  }
  return open_;
}

void Engine::dispatch(const Epoll::Ready& ready) {
  const auto receiver = [this](const Path& path, std::span<uint8_t> packet, bool admitted) {
    return path_.receive(path, packet, admitted);
  };
  switch (ready.source) {
    case Epoll::Source::wake:
      read_count(wake_.get());
      return streams_.go_on(receiver);
    case Epoll::Source::timer:
      return tick(read_count(timer_.get()));
    case Epoll::Source::network:
      return forward(static_cast<uint32_t>(ready.number));
    case Epoll::Source::listener:
      return take_from(static_cast<uint32_t>(ready.number));
    case Epoll::Source::stream:
      return streams_.serve(ready, receiver);
  }
}

void Engine::take_from(uint32_t index) {
  const Listener& listener = listeners_[index];
  if (const auto* tcp = std::get_if<TcpListener>(&listener)) return accept(index, *tcp);
  const size_t count = received_.receive(std::get<UdpSocket>(listener), index);
  for (size_t i = 0; i < count; ++i) path_.receive(received_.datagram(i));
}

void Engine::accept(uint32_t index, const TcpListener& socket) {
  if (streams_.accept(index, socket)) return;
  // The waiting connection would be reported for ever.
  epoll_.rewatch(socket.fd(), Epoll::Source::listener, index, false, false);
  resting_.push_back(index);
}

void Engine::tick(uint64_t seconds) {
  for (const uint32_t index : std::exchange(resting_, {})) {
    epoll_.rewatch(descriptor_of(listeners_[index]), Epoll::Source::listener, index, true, false);
  }
  path_.tick(seconds);
  streams_.tick(seconds);
}

void Engine::forward(uint32_t index) {
  Network* network = peers_.find_network(index);
  if (!network || path_.forward(*network)) return;
  // Somebody deleted the device. Its descriptor would report an error for ever, so nobody listens to it any more; what
  // peers send to it is counted as a failed write.
  epoll_.forget(network->device());
}

}  // namespace sallyport
