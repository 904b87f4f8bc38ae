#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

#include "file_descriptor.h"

namespace sallyport {

// What a data thread waits for: descriptors, each under a kind and a number of that kind. Only that thread
// waits; what it waits for may be changed from any.
class Epoll {
 public:
  enum class Source : uint8_t { wake, timer, pause, inbox, network, listener, stream };
  struct Ready {
    Source source;
    uint64_t number;
    bool readable;
    bool writable;
  };

  // Throws Failure `system-call-failed`.
  Epoll();

  // Reports when `fd` can be read from; false when the kernel has no room for another.
  bool try_watch(int fd, Source source, uint64_t number);
  // As above, but throws Failure `system-call-failed`.
  void watch(int fd, Source source, uint64_t number);
  // Replaces what is reported of a watched descriptor; errors are always.
  void rewatch(int fd, Source source, uint64_t number, bool readable, bool writable);
  void forget(int fd);

  // Waits without limit; the view holds until the next call.
  std::span<const epoll_event> wait();
  // Waits for what must not be put off, and no longer than this: nothing of it came when the view is empty. The view
  // holds until the next call. A kernel without epoll_pwait2 (before Linux 5.11) does not wait.
  std::span<const epoll_event> wait_for_urgent(uint64_t nanoseconds);
  static Ready read(const epoll_event& event);

 private:
  static constexpr size_t kEvents = 64;

  // Devices and inboxes: other threads and the host queue for them, and little fits into those queues.
  static bool is_urgent(Source source) { return source == Source::network || source == Source::inbox; }

  FileDescriptor epoll_;
  // Watches what is urgent a second time.
  FileDescriptor urgent_;
  epoll_event events_[kEvents];
};

}  // namespace sallyport
