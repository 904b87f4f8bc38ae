#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "file_descriptor.h"
#include "packet_info.h"
#include "path.h"

namespace sallyport {

// A bound, non-blocking UDP socket with large buffers whose datagrams may be fragmented on the way. On a wildcard
// address every datagram says which local address it came to, and leaves from the one its path names.
class UdpSocket {
 public:
  // For each datagram in turn: whether the kernel took it.
  using Report = std::function<void(size_t index, bool sent)>;

  // Throws as open_bound_socket does.
  explicit UdpSocket(const EndPoint& local);

  int fd() const { return fd_.get(); }
  int family() const { return local_.family(); }
  const EndPoint& local() const { return local_; }
  bool wildcard() const { return wildcard_; }

  // May be called from any thread.
  bool send(const Path& path, std::span<const uint8_t> bytes) const;
  // Fills in where a message goes and whence; `path` and `info` must outlive the sending call.
  void address(msghdr& header, const Path& path, PacketInfo& info) const;
  // Sends all messages, with one system call when the kernel takes them all.
  void send(std::span<mmsghdr> messages, const Report& report) const;

 private:
  EndPoint local_;
  FileDescriptor fd_;
  bool wildcard_;
};

}  // namespace sallyport
