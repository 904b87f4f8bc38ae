#include "udp.h"

#include <netinet/in.h>

#include <cerrno>
#include <string>

#include "failure.h"

namespace sallyport {

namespace {

constexpr int kSocketBufferBytes = 4 * 1024 * 1024;

void set_option(int fd, int level, int option, int value, const char* name) {
  if (setsockopt(fd, level, option, &value, sizeof value) != 0) throw system_failure(name, errno);
}

// The forced form may exceed net.core's limits but needs CAP_NET_ADMIN; without it the limits hold.
void set_buffer(int fd, int forced, int plain) {
  const int value = kSocketBufferBytes;
  if (setsockopt(fd, SOL_SOCKET, forced, &value, sizeof value) == 0) return;
  setsockopt(fd, SOL_SOCKET, plain, &value, sizeof value);
}

[[noreturn]] void throw_bind_failure(const EndPoint& local, int error) {
  const std::string place = local.address() + " port " + std::to_string(local.port());
  switch (error) {
    case EADDRINUSE:
      throw Failure("port-in-use", "UDP " + place + " is in use: stop the other program or choose another port");
    case EADDRNOTAVAIL:
      throw Failure("address-not-available", "this machine does not have the address " + local.address());
    case EACCES:
      throw Failure("not-permitted", "binding UDP " + place + " needs root (CAP_NET_BIND_SERVICE)");
    default:
      throw system_failure("bind UDP " + place, error);
  }
}

}  // namespace

UdpSocket::UdpSocket(const EndPoint& local)
    : fd_(socket(local.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), local_(local) {
  if (!fd_.valid()) throw system_failure("create a UDP socket", errno);
  // Outer packets that do not fit are fragmented: a dropped one would stall clients behind a smaller MTU.
  set_option(fd(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER");
  if (family() == AF_INET6) {
    set_option(fd(), IPPROTO_IPV6, IPV6_V6ONLY, 0, "IPV6_V6ONLY");
    set_option(fd(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER");
  }
  set_buffer(fd(), SO_RCVBUFFORCE, SO_RCVBUF);
  set_buffer(fd(), SO_SNDBUFFORCE, SO_SNDBUF);
  if (bind(fd(), local.data(), local.size()) != 0) throw_bind_failure(local, errno);
  socklen_t size = EndPoint::kCapacity;
  if (getsockname(fd(), local_.data(), &size) != 0) throw system_failure("getsockname", errno);
}

bool UdpSocket::send(const EndPoint& to, std::span<const uint8_t> bytes) const {
  return sendto(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, to.data(), to.size()) >= 0;
}

ReceiveBatch::ReceiveBatch()
    : buffers_(new uint8_t[kBatchPackets * kBufferBytes]),
      from_(kBatchPackets),
      vectors_(kBatchPackets),
      messages_(kBatchPackets) {
  for (size_t i = 0; i < kBatchPackets; ++i) {
    vectors_[i] = {buffers_.get() + i * kBufferBytes, kBufferBytes};
    messages_[i].msg_hdr.msg_name = from_[i].data();
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

size_t ReceiveBatch::receive(int fd) {
  for (mmsghdr& message : messages_) message.msg_hdr.msg_namelen = EndPoint::kCapacity;
  const int received = recvmmsg(fd, messages_.data(), kBatchPackets, MSG_DONTWAIT, nullptr);
  if (received >= 0) return static_cast<size_t>(received);
  // Anything else (no memory, a pending ICMP error) is loss on the network as far as the peer is concerned.
  if (errno == EBADF || errno == ENOTSOCK || errno == EINVAL) throw system_failure("recvmmsg", errno);
  return 0;
}

ReceiveBatch::Datagram ReceiveBatch::datagram(size_t index) {
  const mmsghdr& message = messages_[index];
  return {from_[index],
          {buffers_.get() + index * kBufferBytes, message.msg_len},
          (message.msg_hdr.msg_flags & MSG_TRUNC) != 0};
}

SendBatch::SendBatch()
    : buffers_(new uint8_t[kBatchPackets * kBufferBytes]), vectors_(kBatchPackets), messages_(kBatchPackets) {
  for (size_t i = 0; i < kBatchPackets; ++i) {
    vectors_[i].iov_base = buffers_.get() + i * kBufferBytes;
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

std::span<uint8_t> SendBatch::buffer() { return {buffers_.get() + size_ * kBufferBytes, kBufferBytes}; }

void SendBatch::add(const EndPoint& to, size_t bytes) {
  msghdr& header = messages_[size_].msg_hdr;
  // The kernel only reads the address; msghdr has one type for both directions.
  header.msg_name = const_cast<sockaddr*>(to.data());
  header.msg_namelen = to.size();
  vectors_[size_].iov_len = bytes;
  ++size_;
}

void SendBatch::flush(int fd, const Report& report) {
  size_t next = 0;
  while (next < size_) {
    const int sent = sendmmsg(fd, &messages_[next], static_cast<unsigned>(size_ - next), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) {
      // sendmmsg stops at the first datagram that fails: exactly that one is lost, the next call goes on behind it.
      report(next++, false);
      continue;
    }
    for (int i = 0; i < sent; ++i) report(next++, true);
  }
  size_ = 0;
}

}  // namespace sallyport
