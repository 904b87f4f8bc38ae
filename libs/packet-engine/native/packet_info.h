#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "end_point.h"

namespace sallyport {

// Ancillary data that says which local address a datagram was sent to, or is to leave from (IP_PKTINFO, IPV6_PKTINFO).
class PacketInfo {
 public:
  // Asks the kernel for it with every datagram.
  static void enable(int fd, int family);

  // Offers the room to a receiving call.
  void receive_with(msghdr& header);
  // Sets the address of `local` from what was received, and leaves it when nothing was, as on a socket that was not
  // asked.
  static void read(const msghdr& header, EndPoint& local);
  // Makes the datagram leave from `local`.
  void send_with(msghdr& header, const EndPoint& local);

 private:
  static constexpr size_t kBytes = CMSG_SPACE(sizeof(in6_pktinfo));

  alignas(cmsghdr) uint8_t bytes_[kBytes];
};

}  // namespace sallyport
