#include "bound_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "failure.h"

namespace sallyport {

namespace {

[[noreturn]] void throw_open_failure(const std::string& place, const EndPoint& local, int error) {
  switch (error) {
    case EADDRINUSE:
      throw Failure("port-in-use", place + " is in use: stop the other program or choose another port");
    case EADDRNOTAVAIL:
      throw Failure("address-not-available", "cannot listen on " + place + ": this machine does not have the address");
    case EAFNOSUPPORT:
      throw Failure("address-not-available", "cannot listen on " + place + ": this machine has no " +
                                                 (local.family() == AF_INET6 ? "IPv6" : "IPv4"));
    case EACCES:
      throw Failure("not-permitted", "binding " + place + " needs root (CAP_NET_BIND_SERVICE)");
    default:
      throw system_failure("bind " + place, error);
  }
}

}  // namespace

void set_option(int fd, int level, int option, int value, const char* name) {
  if (setsockopt(fd, level, option, &value, sizeof value) != 0) throw system_failure(name, errno);
}

FileDescriptor open_bound_socket(Transport transport, EndPoint& local, Sharing sharing) {
  const bool tcp = transport == Transport::tcp;
  const std::string place = (tcp ? "TCP " : "UDP ") + local.address() + " port " + std::to_string(local.port());
  FileDescriptor opened(socket(local.family(), (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!opened.valid()) throw_open_failure(place, local, errno);
  if (local.family() == AF_INET6) set_option(opened.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0, "IPV6_V6ONLY");
  // Connections of an earlier process that the kernel still winds up must not keep the port.
  if (tcp) set_option(opened.get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  // With SO_REUSEPORT a socket joins whatever group of the same user has the port, even for port 0 when it is set
  // before the port is chosen: a founder sets it behind that.
  if (sharing == Sharing::member) set_option(opened.get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  if (bind(opened.get(), local.data(), local.size()) != 0) throw_open_failure(place, local, errno);
  if (sharing == Sharing::founder) set_option(opened.get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  socklen_t size = EndPoint::kCapacity;
  if (getsockname(opened.get(), local.data(), &size) != 0) throw system_failure("getsockname", errno);
  return opened;
}

}  // namespace sallyport
