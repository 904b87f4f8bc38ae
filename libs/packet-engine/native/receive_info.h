#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "ecn.h"
#include "end_point.h"

namespace sallyport {

// Room for what the kernel says of a received message besides its bytes (ip(7), ipv6(7), udp(7)).
class ReceiveInfo {
 public:
  struct Contents {
    Ecn ecn = Ecn::not_ect;
    // Of a message that is several datagrams of one sender, the length of each; the last may be shorter. 0 for one.
    size_t segment_bytes = 0;
  };

  // Asks for the traffic class, and on a wildcard address for the one that a datagram was sent to. Throws Failure
  // `system-call-failed`.
  static void enable(int fd, int family, bool wildcard);
  // Asks for the datagrams of one sender together (UDP_GRO, Linux 5.0); false when the kernel refuses.
  static bool enable_aggregates(int fd);

  // Offers the room to a receiving call.
  void receive_with(msghdr& header);
  // Sets the address of `local` when the message says which it came to.
  static Contents read(msghdr& header, EndPoint& local);

 private:
  // Over IPv4 an IPv6 socket gives both forms of the traffic class, or one of them.
  static constexpr size_t kBytes = CMSG_SPACE(sizeof(in6_pktinfo)) + 3 * CMSG_SPACE(sizeof(int));

  alignas(cmsghdr) uint8_t bytes_[kBytes];
};

}  // namespace sallyport
