#include "send_info.h"

#include <netinet/udp.h>

#include <cstring>

namespace sallyport {

template <class Value>
void SendInfo::append(int level, int type, const Value& value) {
  cmsghdr message{};
  message.cmsg_level = level;
  message.cmsg_type = type;
  message.cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(bytes_ + size_, &message, sizeof message);
  std::memcpy(bytes_ + size_ + CMSG_LEN(0), &value, sizeof value);
  size_ += CMSG_SPACE(sizeof value);
}

void SendInfo::leave_from(const EndPoint& local) {
  if (local.family() == AF_INET) {
    in_pktinfo info{};
    info.ipi_spec_dst = local.as_ipv4().sin_addr;
    return append(IPPROTO_IP, IP_PKTINFO, info);
  }
  in6_pktinfo info{};
  info.ipi6_addr = local.as_ipv6().sin6_addr;
  info.ipi6_ifindex = local.as_ipv6().sin6_scope_id;
  append(IPPROTO_IPV6, IPV6_PKTINFO, info);
}

// A datagram to a mapped address is one of IPv4, and heeds IPv4's own.
void SendInfo::set_traffic_class(const EndPoint& remote, uint8_t traffic_class) {
  const int value = traffic_class;
  const bool ipv6 = remote.family() == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&remote.as_ipv6().sin6_addr);
  append(ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_TCLASS : IP_TOS, value);
}

void SendInfo::cut_into(uint16_t segment_bytes) { append(IPPROTO_UDP, UDP_SEGMENT, segment_bytes); }

void SendInfo::attach(msghdr& header) {
  header.msg_control = size_ == 0 ? nullptr : bytes_;
  header.msg_controllen = size_;
}

}  // namespace sallyport
