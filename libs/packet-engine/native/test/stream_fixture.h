#pragma once

#include <sys/eventfd.h>

#include <string>
#include <utility>
#include <vector>

#include "fixture.h"
#include "stream_table.h"

namespace stream_fixture {

using namespace fixture;

inline const Bytes kReset = concat(from_hex("0036"), concat({0x38}, Bytes(53)));

inline Bytes framed(const Bytes& packet) {
  return concat({static_cast<uint8_t>(packet.size() >> 8), static_cast<uint8_t>(packet.size())}, packet);
}

// A stream's far end.
struct Connection {
  FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

  explicit Connection(const EndPoint& to, int receive_buffer = 0, const std::string& from = "127.0.0.1") {
    const EndPoint local = *EndPoint::parse(from, 0);
    if (bind(socket.get(), local.data(), local.size()) != 0) throw errno;
    if (receive_buffer != 0) setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (connect(socket.get(), to.data(), to.size()) != 0) throw errno;
  }
  void send(const Bytes& bytes) const { ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  bool ended() const {
    pollfd ready{socket.get(), POLLIN, 0};
    uint8_t byte;
    return poll(&ready, 1, 2000) == 1 && recv(socket.get(), &byte, 1, MSG_DONTWAIT) <= 0;
  }
  bool open() const {
    uint8_t byte;
    return recv(socket.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) != 0 && errno == EAGAIN;
  }
};

// The table without its thread. What is received is recorded; a packet that begins with 0xBB does not open, and while
// `full` no control packet finds room.
struct Setup {
  Counters counters;
  UpwardQueue upward{[] {}};
  Epoll epoll;
  StreamTable streams{epoll, counters, upward};
  FileDescriptor pulse{eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)};
  TcpListener listener;
  std::vector<std::pair<Path, Bytes>> received;
  bool full = false;

  explicit Setup(bool pass_foreign = false) : listener(loopback(), pass_foreign) {
    epoll.watch(listener.fd(), Epoll::Source::listener, 0);
    epoll.watch(pulse.get(), Epoll::Source::wake, 0);
  }
  Connection connect(int receive_buffer = 0, const std::string& from = "127.0.0.1") {
    Connection connection(listener.local(), receive_buffer, from);
    pump();
    return connection;
  }
  // A stream that has introduced itself; its number is the count of those before it plus one.
  Connection join(const std::string& from = "127.0.0.1") {
    Connection connection = connect(0, from);
    connection.send(kReset);
    pump();
    return connection;
  }
  void pump() {
    // The loopback device delivers while the sending call runs, so that what was sent is there.
    while (true) {
      const auto events = epoll.wait();
      for (const epoll_event& event : events) serve(Epoll::read(event));
      if (events.size() == 1) return;
    }
  }
  void serve(const Epoll::Ready& ready) {
    if (ready.source == Epoll::Source::listener) streams.accept(7, listener);
    if (ready.source != Epoll::Source::stream) return;
    streams.serve(ready, receiver());
  }
  StreamTable::Receiver receiver() {
    return [this](const Path& path, std::span<uint8_t> packet, bool) {
      const bool control = packet[0] == 0x20 || packet[0] == 0x38;
      if (full && control) return Received::no_room;
      received.push_back({path, {packet.begin(), packet.end()}});
      if (packet[0] == 0xBB) return Received::unopened;
      if (packet[0] == 0x48) return Received::data;
      return packet[0] == 0xDD ? Received::dropped : Received::control;
    };
  }
  bool send_data(uint64_t stream, const Bytes& packet) {
    if (const auto refused = streams.reserve(stream)) {
      counters.add(*refused);
      return false;
    }
    Bytes bytes = framed(packet);
    const iovec frame{bytes.data(), bytes.size()};
    return streams.send_data(stream, {&frame, 1});
  }
  std::vector<StreamClosed> closed() { return upward.take(4096).closed; }
  uint64_t count(Counter counter) const { return counters.read(counter); }
};

}  // namespace stream_fixture
