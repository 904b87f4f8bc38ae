#include "tcp_listener.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "bound_socket.h"
#include "failure.h"

namespace sallyport {

namespace {

// Bytes that the kernel takes beyond what is under way: more only makes a slow reader's packets older.
constexpr int kUnsentBytes = 256 * 1024;

bool set_up(int fd) {
  const int on = 1;
  return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
         setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes) == 0;
}

}  // namespace

TcpListener::TcpListener(const EndPoint& local, bool pass_foreign)
    : local_(local), fd_(open_bound_socket(Transport::tcp, local_)), pass_foreign_(pass_foreign) {
  if (listen(fd(), SOMAXCONN) == 0) return;
  const std::string place = "TCP " + local_.address() + " port " + std::to_string(local_.port());
  if (errno == EADDRINUSE) {
    throw Failure("port-in-use", place + " is in use: stop the other program or choose another port");
  }
  throw system_failure("listen on " + place, errno);
}

TcpListener::Accepted TcpListener::accept(Refusal& refusal) const {
  while (true) {
    Accepted accepted;
    socklen_t remote_size = EndPoint::kCapacity;
    accepted.socket = FileDescriptor(accept4(fd(), accepted.remote.data(), &remote_size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted.socket.valid()) {
      // What else accept reports is the fate of one connection that ended before it was taken: the next event goes on.
      const bool short_of = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      refusal = short_of ? Refusal::out_of_resources : Refusal::none_waits;
      return accepted;
    }
    socklen_t local_size = EndPoint::kCapacity;
    if (getsockname(accepted.socket.get(), accepted.local.data(), &local_size) == 0 && set_up(accepted.socket.get())) {
      return accepted;
    }
  }
}

}  // namespace sallyport
