#include "engine.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <utility>

#include "failure.h"

namespace sallyport {

namespace {

// What an epoll event is about; a tag below kSocketTag is the index of a network.
constexpr uint64_t kSocketTag = uint64_t{1} << 32;
constexpr uint64_t kWakeTag = kSocketTag + 1;
constexpr uint64_t kTimerTag = kSocketTag + 2;

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

std::unique_ptr<DataKey>& key_in(Peer& peer, Slot slot) {
  return slot == Slot::primary ? peer.primary : peer.secondary;
}

}  // namespace

Engine::Engine(std::function<void()> wake)
    : upward_(std::move(wake)),
      path_(peers_, counters_, upward_),
      epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      timer_(open_second_timer()) {
  watch(wake_.get(), kWakeTag);
  watch(timer_.get(), kTimerTag);
}

Engine::~Engine() { stop(); }

void Engine::stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(commands_mutex_);
    stopping_ = true;
    accepting_ = false;
  }
  eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
  peers_.clear();
  socket_.reset();
}

void Engine::call(const std::function<void()>& command) {
  Command task(command);
  std::future<void> done = task.get_future();
  {
    const std::lock_guard lock(commands_mutex_);
    if (!accepting_) throw Failure("engine-stopped", "the packet engine has stopped");
    if (thread_.joinable()) commands_.push_back(std::move(task));
  }
  if (task.valid()) {
    task();
  } else {
    eventfd_write(wake_.get(), 1);
  }
  try {
    done.get();
  } catch (const std::future_error&) {
    throw Failure("engine-stopped", "the packet engine has stopped");
  }
}

// The verbs, on the caller's thread.

EndPoint Engine::listen(const EndPoint& local) {
  if (socket_) throw Failure("already-listening", "the packet engine listens already");
  auto socket = std::make_unique<UdpSocket>(local);
  if (!thread_.joinable()) thread_ = start_without_signals([this] { run(); });
  call([this, &socket] {
    watch(socket->fd(), kSocketTag);
    path_.set_socket(socket->fd());
    socket_ = std::move(socket);
  });
  return socket_->local();
}

EndPoint Engine::reachable(const EndPoint& remote) const {
  if (!socket_) throw Failure("not-listening", "the packet engine does not listen yet");
  const auto converted = remote.for_family(socket_->family());
  if (!converted) throw Failure("bad-address", "an IPv4 socket cannot reach " + remote.address());
  return *converted;
}

void Engine::send_control(const EndPoint& to, std::span<const uint8_t> bytes) {
  const bool sent = socket_->send(reachable(to), bytes);
  counters_.add(sent ? Counter::udpPacketsSent : Counter::dropSendFailed);
}

void Engine::add_network(uint32_t index, const TunOptions& options) {
  call([&] { peers_.require_free_network(index); });
  attach_network(index, open_tun(options));
}

void Engine::attach_network(uint32_t index, FileDescriptor device) {
  call([&] {
    peers_.require_free_network(index);
    watch(device.get(), index);
    peers_.add_network(index, std::move(device));
  });
}

void Engine::remove_network(uint32_t index) {
  call([&] { peers_.remove_network(index); });
}

void Engine::add_peer(const PeerDescription& description) {
  Peer peer;
  peer.id = description.id;
  peer.remote = reachable(description.remote);
  peer.ipv4 = description.ipv4;
  peer.ipv6 = description.ipv6;
  call([&] {
    peer.network = &peers_.get_network(description.network);
    peer.last_sent_tick = peer.last_received_tick = path_.now();
    peers_.add(std::move(peer));
  });
}

void Engine::set_key(uint32_t peer_id, Slot slot, const KeyMaterial& material) {
  auto key = std::make_unique<DataKey>(material);
  call([&] {
    Peer& peer = peers_.get(peer_id);
    const auto& other = key_in(peer, slot == Slot::primary ? Slot::secondary : Slot::primary);
    if (other && other->key_id() == key->key_id()) {
      throw Failure("duplicate-key-id", "the other slot of peer " + std::to_string(peer_id) + " has the same key id");
    }
    key->await_first_use(slot == Slot::secondary);
    key_in(peer, slot).swap(key);
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
  call([&] { key_in(peers_.get(peer_id), slot).reset(); });
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
  call([&] { peers_.remove(peer_id); });
}

PeerStatistics Engine::statistics(uint32_t peer_id) {
  PeerStatistics statistics;
  call([&] { statistics = peers_.get(peer_id).statistics; });
  return statistics;
}

double Engine::cpu_seconds() {
  timespec used{};
  if (!thread_.joinable()) return 0;
  call([&] { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used); });
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// The loop, on the engine's thread.

void Engine::watch(int fd, uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) throw system_failure("epoll_ctl", errno);
}

void Engine::run() {
  std::array<epoll_event, 64> events;
  const auto stopping = [this] {
    const std::lock_guard lock(commands_mutex_);
    return stopping_;
  };
  try {
    while (!stopping()) {
      const int ready = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
      if (ready < 0 && errno != EINTR) throw system_failure("epoll_wait", errno);
      for (int i = 0; i < ready; ++i) dispatch(events[static_cast<size_t>(i)].data.u64);
    }
  } catch (const std::exception& error) {
    upward_.push_fatal(error.what());
  }
  const std::lock_guard lock(commands_mutex_);
  accepting_ = false;
  commands_.clear();
}

void Engine::dispatch(uint64_t tag) {
  switch (tag) {
    case kSocketTag:
      return receive();
    case kWakeTag:
      return run_commands();
    case kTimerTag:
      return path_.tick(read_count(timer_.get()));
    default:
      return forward(static_cast<uint32_t>(tag));
  }
}

void Engine::run_commands() {
  read_count(wake_.get());
  std::vector<Command> commands;
  {
    const std::lock_guard lock(commands_mutex_);
    commands.swap(commands_);
  }
  for (Command& command : commands) command();
}

void Engine::receive() {
  const size_t count = received_.receive(socket_->fd());
  for (size_t i = 0; i < count; ++i) path_.receive(received_.datagram(i));
}

void Engine::forward(uint32_t index) {
  // An earlier event of the same round may have removed the network.
  Network* network = peers_.find_network(index);
  if (!network || path_.forward(*network)) return;
  // Somebody deleted the device. Its descriptor would report an error for ever, so nobody listens to it any more; what
  // peers send to it is counted as a failed write.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, network->device(), nullptr);
}

}  // namespace sallyport
