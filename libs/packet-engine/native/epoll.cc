#include "epoll.h"

#include <cerrno>

#include "failure.h"

namespace sallyport {

namespace {

constexpr unsigned kSourceShift = 56;

epoll_event make_event(Epoll::Source source, uint64_t number, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = uint64_t{static_cast<uint8_t>(source)} << kSourceShift | number;
  return event;
}

}  // namespace

Epoll::Epoll() : epoll_(epoll_create1(EPOLL_CLOEXEC)), urgent_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.valid() || !urgent_.valid()) throw system_failure("epoll_create1", errno);
}

bool Epoll::try_watch(int fd, Source source, uint64_t number) {
  epoll_event event = make_event(source, number, EPOLLIN);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return false;
  if (!is_urgent(source) || epoll_ctl(urgent_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return true;
  const int error = errno;
  forget(fd);
  errno = error;
  return false;
}

void Epoll::watch(int fd, Source source, uint64_t number) {
  if (!try_watch(fd, source, number)) throw system_failure("epoll_ctl", errno);
}

void Epoll::rewatch(int fd, Source source, uint64_t number, bool readable, bool writable) {
  uint32_t events = 0;
  if (readable) events |= EPOLLIN;
  if (writable) events |= EPOLLOUT;
  epoll_event event = make_event(source, number, events);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) throw system_failure("epoll_ctl", errno);
}

void Epoll::forget(int fd) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  // Fails for most, which are not there.
  epoll_ctl(urgent_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::span<const epoll_event> Epoll::wait() {
  const int ready = epoll_wait(epoll_.get(), events_, kEvents, -1);
  if (ready < 0 && errno != EINTR) throw system_failure("epoll_wait", errno);
  return {events_, static_cast<size_t>(ready < 0 ? 0 : ready)};
}

std::span<const epoll_event> Epoll::wait_for_urgent(uint64_t nanoseconds) {
  constexpr uint64_t kSecond = 1'000'000'000;
  const timespec limit = {static_cast<time_t>(nanoseconds / kSecond), static_cast<long>(nanoseconds % kSecond)};
  const int ready = epoll_pwait2(urgent_.get(), events_, kEvents, &limit, nullptr);
  if (ready < 0 && errno != EINTR && errno != ENOSYS) throw system_failure("epoll_pwait2", errno);
  return {events_, static_cast<size_t>(ready < 0 ? 0 : ready)};
}

Epoll::Ready Epoll::read(const epoll_event& event) {
  const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
  return {static_cast<Source>(event.data.u64 >> kSourceShift), event.data.u64 & ((uint64_t{1} << kSourceShift) - 1),
          broken || (event.events & EPOLLIN) != 0, (event.events & EPOLLOUT) != 0};
}

}  // namespace sallyport
