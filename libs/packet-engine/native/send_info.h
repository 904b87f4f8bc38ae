#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "end_point.h"

namespace sallyport {

// The ancillary data of one message to send. Must outlive the sending call, and stay where it is.
class SendInfo {
 public:
  // Forgets what it said of an earlier message.
  void clear() { size_ = 0; }
  // The local address that the datagrams leave from (IP_PKTINFO, IPV6_PKTINFO).
  void leave_from(const EndPoint& local);
  // Their traffic class (IP_TOS, IPV6_TCLASS).
  void set_traffic_class(const EndPoint& remote, uint8_t traffic_class);
  // Makes the kernel cut the message into datagrams of this length and a last one that may be shorter (UDP_SEGMENT).
  void cut_into(uint16_t segment_bytes);
  void attach(msghdr& header);

 private:
  static constexpr size_t kBytes =
      CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint16_t));

  template <class Value>
  void append(int level, int type, const Value& value);

  alignas(cmsghdr) uint8_t bytes_[kBytes];
  size_t size_ = 0;
};

}  // namespace sallyport
