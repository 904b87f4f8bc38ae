#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "bound_socket.h"
#include "dscp.h"
#include "file_descriptor.h"
#include "path.h"
#include "send_info.h"

namespace sallyport {

// A bound, non-blocking UDP socket with large buffers whose datagrams may be fragmented on the way. On a wildcard
// address every datagram says which local address it came to, and leaves from the one its path names.
class UdpSocket {
 public:
  // Throws as open_bound_socket does.
  explicit UdpSocket(const EndPoint& local, const Dscp& dscp = {}, Sharing sharing = Sharing::none);

  int fd() const { return fd_.get(); }
  int family() const { return local_.family(); }
  const EndPoint& local() const { return local_; }
  bool wildcard() const { return wildcard_; }
  // Whether this kernel knows how to cut a message into datagrams.
  bool cuts() const { return cuts_; }
  // Whether the kernel keeps the datagrams of one sender together.
  bool receive_offload() const { return receive_offload_; }

  // May be called from any thread.
  bool send(const Path& path, std::span<const uint8_t> bytes) const;
  // Fills in where a message goes and whence, with the traffic class that follows from the inner packets', and into
  // what datagrams it is to be cut (0: none); `path` and `info` must outlive the sending call.
  void address(msghdr& header, const Path& path, SendInfo& info, uint8_t inner_class, uint16_t cut_into) const;

 private:
  EndPoint local_;
  FileDescriptor fd_;
  bool wildcard_;
  Dscp dscp_;
  bool cuts_;
  bool receive_offload_;
};

}  // namespace sallyport
