#include "check.h"
#include "down_fixture.h"
#include "frame.h"
#include "stream_fixture.h"

using namespace down_fixture;

TEST("down path: a super-packet to a peer by TCP leaves as frames of one stream, more than it queues at once too") {
  stream_fixture::Setup far;
  Setup path;
  path.listeners.emplace_back(std::in_place_type<TcpListener>, loopback(), false);
  const auto& listener = std::get<TcpListener>(path.listeners[1]);
  const stream_fixture::Connection connection(listener.local());
  CHECK(eventually([&] { return path.streams.accept(1, listener) && path.count(Counter::streamsAccepted) == 1; }));
  path.streams.attach(1, kPeer);
  path.peer().path = {1, Transport::tcp, path.client.socket.local(), listener.local(), 1};
  const SuperPacket super(tcp(), 60000, 600);
  path.write(super.header, super.packet);
  CHECK(path.forward());
  CHECK(path.count(Counter::tcpPacketsSent) == 100 && path.count(Counter::dropStreamQueueFull) == 0);
  size_t wire_bytes = 0;
  for (const Bytes& segment : super.segments) wire_bytes += segment.size() + kOverhead;
  CHECK(path.peer().statistics.transport_sent_bytes == wire_bytes && path.peer().statistics.sent_packets == 100);
  Bytes stream;
  while (stream.size() < wire_bytes + 2 * 100) {
    const Bytes more = receive(connection.socket.get());
    if (more.empty()) break;
    stream.insert(stream.end(), more.begin(), more.end());
  }
  std::span<uint8_t> rest(stream);
  for (const Bytes& segment : super.segments) {
    const Frame frame = read_frame(rest);
    CHECK(frame.state == Frame::State::complete);
    if (frame.state != Frame::State::complete) return;
    CHECK(opened(path.opener, {frame.packet.begin(), frame.packet.end()}) == segment);
    rest = rest.subspan(kFrameLengthBytes + frame.packet.size());
  }
  CHECK(rest.empty());
}

TEST("down path: a stream that is gone or full costs the packets for it, and they are counted") {
  Setup path;
  path.listeners.emplace_back(std::in_place_type<TcpListener>, loopback(), false);
  const auto& listener = std::get<TcpListener>(path.listeners[1]);
  path.peer().path = {1, Transport::tcp, path.client.socket.local(), listener.local(), 1};
  const SuperPacket super(tcp(), 5000, 1000);
  path.write(super.header, super.packet);
  path.forward();
  CHECK(path.count(Counter::dropUnknownStream) == 5);
  const stream_fixture::Connection connection(listener.local(), 4096);
  CHECK(eventually([&] { return path.streams.accept(1, listener) && path.count(Counter::streamsAccepted) == 1; }));
  path.streams.attach(1, kPeer);
  for (int i = 0; i < 200; ++i) {
    const SuperPacket large(tcp(), 60000, 1000);
    path.write(large.header, large.packet);
    path.forward();
  }
  CHECK(path.count(Counter::dropStreamQueueFull) > 0);
  CHECK(path.count(Counter::tcpPacketsSent) + path.count(Counter::dropStreamQueueFull) == 200 * 60);
}
