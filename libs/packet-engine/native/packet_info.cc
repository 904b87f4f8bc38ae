#include "packet_info.h"

#include <cstring>

#include "bound_socket.h"

namespace sallyport {

namespace {

template <class Info>
void fill(msghdr& header, uint8_t* bytes, int level, int type, const Info& info) {
  header.msg_control = bytes;
  header.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* message = CMSG_FIRSTHDR(&header);
  message->cmsg_level = level;
  message->cmsg_type = type;
  message->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(message), &info, sizeof info);
}

}  // namespace

void PacketInfo::enable(int fd, int family) {
  if (family == AF_INET) return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
  // Datagrams over IPv4 carry it too, with a mapped address.
  set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
}

void PacketInfo::receive_with(msghdr& header) {
  header.msg_control = bytes_;
  header.msg_controllen = kBytes;
}

void PacketInfo::read(const msghdr& header, EndPoint& local) {
  const cmsghdr* message = CMSG_FIRSTHDR(&header);
  if (message == nullptr) return;
  if (message->cmsg_level == IPPROTO_IP && message->cmsg_type == IP_PKTINFO) {
    in_pktinfo info;
    std::memcpy(&info, CMSG_DATA(message), sizeof info);
    local = EndPoint::ipv4(info.ipi_spec_dst, local.port());
  } else if (message->cmsg_level == IPPROTO_IPV6 && message->cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo info;
    std::memcpy(&info, CMSG_DATA(message), sizeof info);
    local = EndPoint::ipv6(info.ipi6_addr, local.port(), info.ipi6_ifindex);
  }
}

void PacketInfo::send_with(msghdr& header, const EndPoint& local) {
  if (local.family() == AF_INET) {
    in_pktinfo info{};
    info.ipi_spec_dst = local.as_ipv4().sin_addr;
    return fill(header, bytes_, IPPROTO_IP, IP_PKTINFO, info);
  }
  in6_pktinfo info{};
  info.ipi6_addr = local.as_ipv6().sin6_addr;
  info.ipi6_ifindex = local.as_ipv6().sin6_scope_id;
  fill(header, bytes_, IPPROTO_IPV6, IPV6_PKTINFO, info);
}

}  // namespace sallyport
