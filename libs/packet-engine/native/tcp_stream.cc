#include "tcp_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace sallyport {

namespace {

bool must_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

std::span<uint8_t> TcpStream::recall(std::span<uint8_t> buffer) const {
  std::copy(partial_.begin(), partial_.end(), buffer.begin());
  return buffer.first(partial_.size());
}

std::optional<std::span<uint8_t>> TcpStream::read(std::span<uint8_t> buffer) {
  const auto rest = buffer.subspan(recall(buffer).size());
  const ssize_t bytes = recv(fd(), rest.data(), rest.size(), MSG_DONTWAIT);
  if (bytes > 0) return buffer.first(partial_.size() + static_cast<size_t>(bytes));
  if (bytes < 0 && must_wait()) return buffer.first(partial_.size());
  if (bytes == 0) errno = 0;
  return std::nullopt;
}

TcpStream::Sent TcpStream::send(std::span<const iovec> frames, FrameQueue::Kind kind) {
  size_t taken = 0;
  if (queue_.empty()) {
    msghdr header{};
    header.msg_iov = const_cast<iovec*>(frames.data());
    header.msg_iovlen = frames.size();
    const ssize_t bytes = sendmsg(fd(), &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (bytes < 0 && !must_wait()) return Sent::failed;
    taken = bytes < 0 ? 0 : static_cast<size_t>(bytes);
  }
  for (const iovec& frame : frames) {
    const size_t skipped = std::min(taken, frame.iov_len);
    taken -= skipped;
    if (skipped == frame.iov_len) continue;
    queue_.push(kind, std::span(static_cast<const uint8_t*>(frame.iov_base), frame.iov_len).subspan(skipped));
  }
  return queue_.empty() ? Sent::all : Sent::queued;
}

TcpStream::Sent TcpStream::resume() {
  const auto waiting = queue_.bytes();
  const ssize_t bytes = ::send(fd(), waiting.data(), waiting.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (bytes < 0) return must_wait() ? Sent::queued : Sent::failed;
  queue_.pop(static_cast<size_t>(bytes));
  return queue_.empty() ? Sent::all : Sent::queued;
}

}  // namespace sallyport
