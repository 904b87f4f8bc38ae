#include "receive_batch.h"

#include <cerrno>

#include "failure.h"

namespace sallyport {

ReceiveBatch::ReceiveBatch()
    : buffers_(new uint8_t[kMessages * kMessageBytes]),
      paths_(kMessages),
      infos_(kMessages),
      contents_(kMessages),
      vectors_(kMessages),
      messages_(kMessages) {
  for (size_t i = 0; i < kMessages; ++i) {
    vectors_[i] = {buffers_.get() + i * kMessageBytes, kMessageBytes};
    messages_[i].msg_hdr.msg_name = paths_[i].remote.data();
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

size_t ReceiveBatch::receive(const UdpSocket& socket, uint32_t listener) {
  // The kernel changed the lengths of the messages that it filled.
  for (size_t i = 0; i < filled_; ++i) {
    messages_[i].msg_hdr.msg_namelen = EndPoint::kCapacity;
    infos_[i].receive_with(messages_[i].msg_hdr);
  }
  filled_ = 0;
  const int received = recvmmsg(socket.fd(), messages_.data(), kMessages, MSG_DONTWAIT, nullptr);
  if (received < 0) {
    // Anything else (no memory, a pending ICMP error) is loss on the network as far as the peer is concerned.
    if (errno == EBADF || errno == ENOTSOCK || errno == EINVAL) throw system_failure("recvmmsg", errno);
    return 0;
  }
  filled_ = static_cast<size_t>(received);
  for (size_t i = 0; i < filled_; ++i) {
    paths_[i].listener = listener;
    paths_[i].local = socket.local();
    contents_[i] = ReceiveInfo::read(messages_[i].msg_hdr, paths_[i].local);
  }
  return filled_;
}

}  // namespace sallyport
