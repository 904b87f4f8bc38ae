#include "shard.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <utility>

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

Shard::Shard(const Listeners& listeners, Counters& counters, UpwardQueue& upward)
    : listeners_(listeners),
      upward_(upward),
      streams_(epoll_, counters, upward),
      outbox_(listeners, streams_),
      up_(peers_, counters, upward),
      down_(peers_, outbox_, counters, upward),
      keepalives_(peers_, down_, upward),
      wake_(checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      timer_(open_second_timer()) {
  epoll_.watch(wake_.get(), Epoll::Source::wake, 0);
  epoll_.watch(timer_.get(), Epoll::Source::timer, 0);
}

Shard::~Shard() { stop(); }

void Shard::start() {
  if (!thread_.joinable()) thread_ = start_without_signals([this] { run(); });
}

void Shard::stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard turn(lock_);
    open_ = false;
  }
  wake();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard turn(lock_);
  peers_.clear();
  streams_.clear();
}

void Shard::wake() { eventfd_write(wake_.get(), 1); }

double Shard::cpu_seconds() {
  clockid_t clock;
  timespec used{};
  if (thread_.joinable() && pthread_getcpuclockid(thread_.native_handle(), &clock) == 0) clock_gettime(clock, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void Shard::run() {
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
bool Shard::work(std::span<const epoll_event> events) {
  EngineLock::Work turn(lock_);
  for (const epoll_event& event : events) {
    if (!open_) return false;
    // What an event is about may have gone since it was reported.
    dispatch(Epoll::read(event));
    turn.give_way();
  }
  return open_;
}

void Shard::dispatch(const Epoll::Ready& ready) {
  const auto receiver = [this](const Path& path, std::span<uint8_t> packet, bool admitted) {
    return up_.receive(path, packet, admitted);
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

void Shard::take_from(uint32_t index) {
  const Listener& listener = listeners_[index];
  if (const auto* tcp = std::get_if<TcpListener>(&listener)) return accept(index, *tcp);
  const size_t count = received_.receive(std::get<UdpSocket>(listener), index);
  for (size_t i = 0; i < count; ++i) up_.receive(received_.datagram(i));
}

void Shard::accept(uint32_t index, const TcpListener& socket) {
  if (streams_.accept(index, socket)) return;
  // The waiting connection would be reported for ever.
  epoll_.rewatch(socket.fd(), Epoll::Source::listener, index, false, false);
  resting_.push_back(index);
}

void Shard::tick(uint64_t seconds) {
  for (const uint32_t index : std::exchange(resting_, {})) {
    epoll_.rewatch(descriptor_of(listeners_[index]), Epoll::Source::listener, index, true, false);
  }
  keepalives_.tick(seconds);
  streams_.tick(seconds);
}

void Shard::forward(uint32_t index) {
  Network* network = peers_.find_network(index);
  if (!network || down_.forward(*network)) return;
  // Somebody deleted the device. Its descriptor would report an error for ever, so nobody listens to it any more; what
  // peers send to it is counted as a failed write.
  epoll_.forget(network->device().fd());
}

}  // namespace sallyport
