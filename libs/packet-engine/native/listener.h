#pragma once

#include <deque>
#include <variant>

#include "tcp_listener.h"
#include "udp.h"

namespace sallyport {

// A socket that packets or connections come in by. Every shard has a UDP socket of its own for each UDP listener;
// connections are taken by the first shard alone, the others have nothing in that place.
using Listener = std::variant<std::monostate, UdpSocket, TcpListener>;

// A shard's part of every listener, by the listener's number. They are added, never removed, and stay where they are.
using Listeners = std::deque<Listener>;

inline Transport transport_of(const Listener& listener) {
  return std::holds_alternative<UdpSocket>(listener) ? Transport::udp : Transport::tcp;
}
// The shard must have a socket there.
inline const EndPoint& local_of(const Listener& listener) {
  const auto* udp = std::get_if<UdpSocket>(&listener);
  return udp ? udp->local() : std::get<TcpListener>(listener).local();
}
inline int descriptor_of(const Listener& listener) {
  const auto* udp = std::get_if<UdpSocket>(&listener);
  return udp ? udp->fd() : std::get<TcpListener>(listener).fd();
}

}  // namespace sallyport
