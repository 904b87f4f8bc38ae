#include "udp.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include "failure.h"
#include "receive_info.h"

namespace sallyport {

namespace {

constexpr int kSocketBufferBytes = 4 * 1024 * 1024;

// The forced form may exceed net.core's limits but needs CAP_NET_ADMIN; without it the limits hold.
void set_buffer(int fd, int forced, int plain) {
  const int value = kSocketBufferBytes;
  if (setsockopt(fd, SOL_SOCKET, forced, &value, sizeof value) == 0) return;
  setsockopt(fd, SOL_SOCKET, plain, &value, sizeof value);
}

// A kernel that does not know it would send the whole message as one datagram.
bool knows_cutting(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &value, &size) == 0;
}

}  // namespace

UdpSocket::UdpSocket(const EndPoint& local, const Dscp& dscp, Sharing sharing)
    : local_(local),
      fd_(open_bound_socket(Transport::udp, local_, sharing)),
      wildcard_(local_.is_wildcard()),
      dscp_(dscp),
      cuts_(knows_cutting(fd())) {
  // Outer packets that do not fit are fragmented: a dropped one would stall clients behind a smaller MTU.
  set_option(fd(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER");
  if (family() == AF_INET6) {
    set_option(fd(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER");
  }
  if (dscp_.plain() != 0) {
    set_option(fd(), IPPROTO_IP, IP_TOS, dscp_.plain(), "IP_TOS");
    if (family() == AF_INET6) set_option(fd(), IPPROTO_IPV6, IPV6_TCLASS, dscp_.plain(), "IPV6_TCLASS");
  }
  set_buffer(fd(), SO_RCVBUFFORCE, SO_RCVBUF);
  set_buffer(fd(), SO_SNDBUFFORCE, SO_SNDBUF);
  ReceiveInfo::enable(fd(), family(), wildcard_);
  receive_offload_ = ReceiveInfo::enable_aggregates(fd());
}

bool UdpSocket::send(const Path& path, std::span<const uint8_t> bytes) const {
  SendInfo info;
  msghdr header{};
  // The kernel only reads them; msghdr and iovec have one type for both directions.
  iovec vector{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  address(header, path, info, 0, 0);
  return sendmsg(fd(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void UdpSocket::address(msghdr& header, const Path& path, SendInfo& info, uint8_t inner_class,
                        uint16_t cut_into) const {
  header.msg_name = const_cast<sockaddr*>(path.remote.data());
  header.msg_namelen = path.remote.size();
  info.clear();
  if (wildcard_ && !path.local.is_wildcard()) info.leave_from(path.local);
  const uint8_t traffic_class = dscp_.outer(inner_class);
  if (traffic_class != dscp_.plain()) info.set_traffic_class(path.remote, traffic_class);
  if (cut_into != 0) info.cut_into(cut_into);
  info.attach(header);
}

}  // namespace sallyport
