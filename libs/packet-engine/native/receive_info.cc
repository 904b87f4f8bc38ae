#include "receive_info.h"

#include <netinet/udp.h>

#include <cstring>

#include "bound_socket.h"

namespace sallyport {

namespace {

template <class Value>
Value value_of(const cmsghdr& message) {
  Value value;
  std::memcpy(&value, CMSG_DATA(&message), sizeof value);
  return value;
}

void read_ipv4(const cmsghdr& message, ReceiveInfo::Contents& contents, EndPoint& local) {
  if (message.cmsg_type == IP_TOS) {
    contents.ecn = ecn_of(value_of<uint8_t>(message));
  } else if (message.cmsg_type == IP_PKTINFO) {
    local = EndPoint::ipv4(value_of<in_pktinfo>(message).ipi_spec_dst, local.port());
  }
}

void read_ipv6(const cmsghdr& message, ReceiveInfo::Contents& contents, EndPoint& local) {
  if (message.cmsg_type == IPV6_TCLASS) {
    contents.ecn = ecn_of(static_cast<unsigned>(value_of<int>(message)));
  } else if (message.cmsg_type == IPV6_PKTINFO) {
    const auto info = value_of<in6_pktinfo>(message);
    local = EndPoint::ipv6(info.ipi6_addr, local.port(), info.ipi6_ifindex);
  }
}

}  // namespace

void ReceiveInfo::enable(int fd, int family, bool wildcard) {
  // Datagrams over IPv4 come to IPv6 sockets too.
  set_option(fd, IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS");
  if (family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
  if (!wildcard) return;
  if (family == AF_INET) return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
  // Those over IPv4 carry it too, with a mapped address.
  set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
}

bool ReceiveInfo::enable_aggregates(int fd) {
  const int on = 1;
  return setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0;
}

void ReceiveInfo::receive_with(msghdr& header) {
  header.msg_control = bytes_;
  header.msg_controllen = kBytes;
}

ReceiveInfo::Contents ReceiveInfo::read(msghdr& header, EndPoint& local) {
  Contents contents;
  for (cmsghdr* message = CMSG_FIRSTHDR(&header); message != nullptr; message = CMSG_NXTHDR(&header, message)) {
    if (message->cmsg_level == IPPROTO_IP) {
      read_ipv4(*message, contents, local);
    } else if (message->cmsg_level == IPPROTO_IPV6) {
      read_ipv6(*message, contents, local);
    } else if (message->cmsg_level == IPPROTO_UDP && message->cmsg_type == UDP_GRO) {
      contents.segment_bytes = static_cast<size_t>(value_of<int>(*message));
    }
  }
  return contents;
}

}  // namespace sallyport
