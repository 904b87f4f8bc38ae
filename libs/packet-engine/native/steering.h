#pragma once

#include <cstddef>

namespace sallyport {

// Has the kernel give each datagram to one of the `sockets` sockets that share a UDP port, of which `fd` is any: a data
// packet by its peer-id modulo `sockets`, everything else to the socket that was bound first. False when the kernel
// cannot, and gives each client's datagrams to a socket of its own choice.
bool steer_by_peer_id(int fd, size_t sockets);

}  // namespace sallyport
