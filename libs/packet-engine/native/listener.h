#pragma once

#include <deque>
#include <variant>

#include "tcp_listener.h"
#include "udp.h"

namespace sallyport {

// A socket that packets or connections come in by.
using Listener = std::variant<UdpSocket, TcpListener>;

// Every listener by its number. They are added, never removed, and stay where they are.
using Listeners = std::deque<Listener>;

inline Transport transport_of(const Listener& listener) {
  return std::holds_alternative<UdpSocket>(listener) ? Transport::udp : Transport::tcp;
}
inline const EndPoint& local_of(const Listener& listener) {
  return std::visit([](const auto& socket) -> const EndPoint& { return socket.local(); }, listener);
}
inline int descriptor_of(const Listener& listener) {
  return std::visit([](const auto& socket) { return socket.fd(); }, listener);
}

}  // namespace sallyport
