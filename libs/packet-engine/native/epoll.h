#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

#include "file_descriptor.h"

namespace sallyport {

// What the engine's thread waits for: descriptors, each under a kind and a number of that kind. Only that thread
// waits; what it waits for may be changed from any.
class Epoll {
 public:
  enum class Source : uint8_t { wake, timer, network, listener, stream };
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
  static Ready read(const epoll_event& event);

 private:
  static constexpr size_t kEvents = 64;

  FileDescriptor epoll_;
  epoll_event events_[kEvents];
};

}  // namespace sallyport
