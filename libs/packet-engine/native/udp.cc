#include "udp.h"

#include <netinet/in.h>

#include <cerrno>

#include "bound_socket.h"
#include "failure.h"

namespace sallyport {

namespace {

constexpr int kSocketBufferBytes = 4 * 1024 * 1024;

// The forced form may exceed net.core's limits but needs CAP_NET_ADMIN; without it the limits hold.
void set_buffer(int fd, int forced, int plain) {
  const int value = kSocketBufferBytes;
  if (setsockopt(fd, SOL_SOCKET, forced, &value, sizeof value) == 0) return;
  setsockopt(fd, SOL_SOCKET, plain, &value, sizeof value);
}

}  // namespace

UdpSocket::UdpSocket(const EndPoint& local)
    : local_(local), fd_(open_bound_socket(Transport::udp, local_)), wildcard_(local_.is_wildcard()) {
  // Outer packets that do not fit are fragmented: a dropped one would stall clients behind a smaller MTU.
  set_option(fd(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER");
  if (family() == AF_INET6) {
    set_option(fd(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER");
  }
  set_buffer(fd(), SO_RCVBUFFORCE, SO_RCVBUF);
  set_buffer(fd(), SO_SNDBUFFORCE, SO_SNDBUF);
  if (wildcard_) PacketInfo::enable(fd(), family());
}

bool UdpSocket::send(const Path& path, std::span<const uint8_t> bytes) const {
  PacketInfo info;
  msghdr header{};
  // The kernel only reads them; msghdr and iovec have one type for both directions.
  iovec vector{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  address(header, path, info);
  return sendmsg(fd(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void UdpSocket::address(msghdr& header, const Path& path, PacketInfo& info) const {
  header.msg_name = const_cast<sockaddr*>(path.remote.data());
  header.msg_namelen = path.remote.size();
  if (wildcard_ && !path.local.is_wildcard()) return info.send_with(header, path.local);
  header.msg_control = nullptr;
  header.msg_controllen = 0;
}

void UdpSocket::send(std::span<mmsghdr> messages, const Report& report) const {
  size_t next = 0;
  while (next < messages.size()) {
    const auto rest = static_cast<unsigned>(messages.size() - next);
    const int sent = sendmmsg(fd(), &messages[next], rest, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) {
      // sendmmsg stops at the first datagram that fails: exactly that one is lost, the next call goes on behind it.
      report(next++, false);
      continue;
    }
    for (int i = 0; i < sent; ++i) report(next++, true);
  }
}

}  // namespace sallyport
