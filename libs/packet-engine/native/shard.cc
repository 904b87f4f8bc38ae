#include "shard.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <utility>

#include "monotonic.h"

namespace sallyport {

namespace {

// What waits for this thread is lost when it comes too late, unlike what waits for JavaScript's. Needs CAP_SYS_NICE or
// RLIMIT_NICE; without them it is a thread like any other.
constexpr int kNiceness = -10;
// The kernel would make pauses longer by up to 50 µs to save wake-ups, which are rare enough here.
constexpr unsigned long kTimerSlackNanoseconds = 5'000;

FileDescriptor checked(int fd, const char* what) {
  if (fd < 0) throw system_failure(what, errno);
  return FileDescriptor(fd);
}

constexpr itimerspec kEverySecond = {{1, 0}, {1, 0}};
// Between two parts of the pings that one second brings.
constexpr itimerspec kPause = {{0, 0}, {0, 10'000'000}};

FileDescriptor open_timer(const itimerspec& times) {
  FileDescriptor timer = checked(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
  if (timerfd_settime(timer.get(), 0, &times, nullptr) != 0) throw system_failure("timerfd_settime", errno);
  return timer;
}

uint64_t read_count(int fd) {
  uint64_t count = 0;
  return read(fd, &count, sizeof count) == sizeof count ? count : 0;
}

// Signals are JavaScript's business: a data thread starts with all of them blocked.
std::thread start_without_signals(const std::string& name, std::function<void()> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread.native_handle(), name.c_str());
  return thread;
}

}  // namespace

Shard::Shard(uint32_t number, Networks& networks, Inboxes& inboxes, UpwardQueue& upward)
    : number_(number),
      networks_(networks),
      inbox_(inboxes.of(number)),
      neighbours_(inboxes, number, counters_),
      upward_(upward),
      peers_(number),
      streams_(epoll_, counters_, upward),
      outbox_(listeners_, streams_, counters_, upward),
      delivery_(counters_, upward, number),
      up_(peers_, delivery_, counters_, upward, neighbours_),
      down_(peers_, outbox_, counters_, upward, neighbours_),
      keepalives_(peers_, down_, upward),
      wake_(checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      timer_(open_timer(kEverySecond)),
      pause_(open_timer({})) {
  epoll_.watch(wake_.get(), Epoll::Source::wake, 0);
  epoll_.watch(timer_.get(), Epoll::Source::timer, 0);
  epoll_.watch(pause_.get(), Epoll::Source::pause, 0);
  epoll_.watch(inbox_.fd(), Epoll::Source::inbox, 0);
}

Shard::~Shard() { stop(); }

void Shard::start() {
  if (thread_.joinable()) return;
  thread_ = start_without_signals("data-thread-" + std::to_string(number_), [this] { run(); });
}

void Shard::stop() {
  const std::lock_guard once(thread_mutex_);
  {
    const std::lock_guard turn(lock_);
    open_ = false;
  }
  wake();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard turn(lock_);
  peers_.clear();
  streams_.clear();
  listeners_.clear();
}

void Shard::require_open() const {
  if (!open_) throw Failure("engine-stopped", "the packet engine has stopped");
}

Shard::Turn Shard::take_turn() {
  Turn turn(lock_);
  require_open();
  return turn;
}

void Shard::wake() { eventfd_write(wake_.get(), 1); }

double Shard::cpu_seconds() {
  const std::lock_guard held(thread_mutex_);
  require_open();
  clockid_t clock;
  timespec used{};
  if (thread_.joinable() && pthread_getcpuclockid(thread_.native_handle(), &clock) == 0) clock_gettime(clock, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void Shard::run() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  prctl(PR_SET_TIMERSLACK, kTimerSlackNanoseconds);
  try {
    while (work(epoll_.wait()) && let_gather()) continue;
  } catch (const std::exception& error) {
    open_ = false;
    upward_.push_fatal(error.what());
  }
}

// Serves only what is urgent for as long as datagrams had better gather. Answers whether there is more to do.
bool Shard::let_gather() {
  while (const uint64_t delay = pacing_.paces() ? pacing_.delay(monotonic_ns()) : 0) {
    const auto events = epoll_.wait_for_urgent(delay);
    if (events.empty()) return true;
    if (!work(events)) return false;
  }
  return true;
}

// Answers whether there is more to do.
bool Shard::work(std::span<const epoll_event> events) {
  EngineLock::Work turn(lock_);
  const uint64_t begun = monotonic_ns();
  up_.begin_round(begun);
  down_.begin_round(begun);
  for (const epoll_event& event : events) {
    if (!open_) return false;
    // What an event is about may have gone since it was reported.
    dispatch(Epoll::read(event));
    neighbours_.ring();
    turn.give_way();
  }
  if (messages_ > 0) {
    up_.end_round(begun, !drained_);
    pacing_.received(begun, std::exchange(messages_, 0), std::exchange(drained_, true));
    if (pacing_.delay(begun) > 0) counters_.add(Counter::receivePauses);
  }
  down_.end_round(begun);
  return open_;
}

void Shard::dispatch(const Epoll::Ready& ready) {
  const auto receiver = [this](const Path& path, std::span<uint8_t> packet, bool admitted) {
    return up_.receive(path, packet, admitted);
  };
  // Several streams share one buffer there.
  const auto receiver_of_many = [&receiver, this](const Path& path, std::span<uint8_t> packet, bool admitted) {
    const Received received = receiver(path, packet, admitted);
    up_.flush();
    return received;
  };
  switch (ready.source) {
    case Epoll::Source::wake:
      read_count(wake_.get());
      return streams_.go_on(receiver_of_many);
    case Epoll::Source::timer:
      return tick(read_count(timer_.get()));
    case Epoll::Source::pause:
      read_count(pause_.get());
      return pause_keepalives(keepalives_.go_on());
    case Epoll::Source::inbox:
      return open_inbox();
    case Epoll::Source::network:
      return forward(static_cast<uint32_t>(ready.number));
    case Epoll::Source::listener:
      return take_from(static_cast<uint32_t>(ready.number));
    case Epoll::Source::stream:
      streams_.serve(ready, receiver);
      return up_.flush();
  }
}

void Shard::open_inbox() {
  bool sending = false;
  inbox_.take([&](const Inbox::Item& item, std::span<uint8_t> packet) {
    if (item.kind == Inbox::Item::Kind::datagram) {
      // It may move the peer, whose path must stay for what is on its way out.
      if (std::exchange(sending, false)) down_.flush();
      up_.receive(item.path, packet, false, static_cast<Ecn>(item.ecn));
    } else if (const Network* network = networks_.find(item.network)) {
      down_.forward_one(*network, item.header, packet);
      sending = true;
    }
  });
  up_.flush();
  down_.flush();
}

void Shard::take_from(uint32_t index) {
  const Listener& listener = listeners_[index];
  if (const auto* tcp = std::get_if<TcpListener>(&listener)) return accept(index, *tcp);
  const size_t messages = received_.receive(std::get<UdpSocket>(listener), index);
  messages_ += messages;
  drained_ = drained_ && messages < ReceiveBatch::kMessages;
  received_.for_each([this](const ReceiveBatch::Datagram& datagram) { up_.receive(datagram); });
  up_.flush();
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
  pause_keepalives(keepalives_.tick(seconds));
  streams_.tick(seconds);
}

void Shard::pause_keepalives(bool more) {
  if (more) timerfd_settime(pause_.get(), 0, &kPause, nullptr);
}

void Shard::forward(uint32_t index) {
  Network* network = networks_.find(index);
  if (!network || down_.forward(*network)) return;
  // Somebody deleted the device. Its descriptor would report an error for ever, so nobody listens to it any more; what
  // peers send to it is counted as a failed write until the network is removed.
  epoll_.forget(network->queue(number_).fd());
  upward_.push_event({Event::Type::network_lost, index});
}

}  // namespace sallyport
