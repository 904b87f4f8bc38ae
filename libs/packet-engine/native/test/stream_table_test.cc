#include "stream_table.h"

#include <netinet/tcp.h>

#include "check.h"
#include "frame.h"
#include "stream_fixture.h"

using namespace stream_fixture;

TEST("streams: packets come up whole and in order, however the stream is cut") {
  Setup setup;
  const Connection connection = setup.connect();
  Bytes stream = kReset;
  for (uint8_t i = 1; i < 40; ++i) stream = concat(stream, framed(Bytes(i * 50u, i)));
  for (size_t at = 0, step = 1; at < stream.size(); at += step, step = step * 3 % 701) {
    const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
    connection.send({begin, begin + static_cast<std::ptrdiff_t>(std::min(step, stream.size() - at))});
    setup.pump();
  }
  CHECK(setup.received.size() == 40);
  for (uint8_t i = 1; i < 40; ++i) CHECK(setup.received.at(i).second == Bytes(i * 50u, i));
  const Path& path = setup.received[0].first;
  CHECK(path.listener == 7 && path.transport == Transport::tcp && path.stream == 1);
  CHECK(path.local == setup.listener.local());
  CHECK(setup.count(Counter::tcpPacketsReceived) == 40);
}

TEST("streams: what is sent is framed, without delay, and reaches the right stream") {
  Setup setup;
  const Connection first = setup.join();
  const Connection second = setup.join();
  CHECK(setup.streams.send_control(1, Bytes{1, 2, 3}));
  CHECK(setup.streams.send_control(2, Bytes{4}));
  CHECK(receive(first.socket.get()) == from_hex("0003010203"));
  CHECK(receive(second.socket.get()) == from_hex("000104"));
  CHECK(!setup.streams.send_control(3, Bytes{4}));
  CHECK(!setup.send_data(3, Bytes{4}));
  CHECK(setup.count(Counter::dropUnknownStream) == 2);
}

TEST("streams: a length that cannot be, and a packet that does not open, end the stream") {
  Setup setup;
  const Connection zero = setup.join();
  const Connection long_one = setup.join();
  const Connection bad = setup.join();
  const Connection stays = setup.join();
  setup.streams.attach(3, 77);
  zero.send({0, 0});
  long_one.send({0x40, 0});
  bad.send(framed({0xBB}));
  stays.send(framed({0xDD}));
  setup.pump();
  CHECK(zero.ended() && long_one.ended() && bad.ended() && stays.open());
  CHECK(setup.count(Counter::streamsDesynchronised) == 2 && setup.count(Counter::streamsBadPacket) == 1);
  const auto closed = setup.closed();
  CHECK(closed.size() == 3);
  for (const StreamClosed& one : closed) {
    const bool third = one.path.stream == 3;
    CHECK(one.reason == (third ? CloseReason::bad_packet : CloseReason::desynchronised));
    CHECK(one.peer_id == (third ? std::optional<uint32_t>(77) : std::nullopt));
  }
}

TEST("streams: the end of one that never sent a packet is nobody's business") {
  Setup setup;
  {
    const Connection silent = setup.connect();
    const Connection known = setup.join();
  }
  setup.pump();
  CHECK(setup.count(Counter::streamsPeerClosed) == 2);
  const auto closed = setup.closed();
  CHECK(closed.size() == 1 && closed.at(0).path.stream == 2 && closed[0].reason == CloseReason::peer_closed);
}

TEST("streams: the end of a stream comes up after its last packet") {
  Setup setup;
  UpwardQueue& upward = setup.upward;
  const Path path{0, Transport::tcp, loopback(1), loopback(2), 5};
  upward.push_control(path, kReset);
  upward.push_control(path, kReset);
  upward.push_closed({path, std::nullopt, CloseReason::peer_closed});
  CHECK(upward.take(1).closed.empty());
  const auto batch = upward.take(1);
  CHECK(batch.control.size() == 1 && batch.closed.size() == 1);
}

TEST("streams: what is not OpenVPN is handed over with what was read, or closed") {
  Setup passing(true);
  const Connection web = passing.connect();
  web.send({0x16});
  passing.pump();
  CHECK(passing.upward.take(1).foreign.empty());
  web.send(from_hex("0301"));
  passing.pump();
  auto batch = passing.upward.take(1);
  CHECK(batch.foreign.size() == 1 && batch.foreign.at(0).bytes == from_hex("160301"));
  CHECK(batch.foreign[0].path.listener == 7);
  web.send(from_hex("aabb"));
  CHECK(receive(batch.foreign[0].socket.get()) == from_hex("aabb"));
  CHECK(passing.count(Counter::streamsPassedOn) == 1);

  Setup closing;
  const Connection refused = closing.connect();
  refused.send(from_hex("474554"));
  closing.pump();
  CHECK(refused.ended());
  CHECK(closing.count(Counter::dropForeignStream) == 1 && closing.closed().empty());
}

TEST("streams: foreign streams that nobody takes are bounded") {
  Setup setup(true);
  std::vector<Connection> webs;
  for (size_t i = 0; i < UpwardQueue::kForeignStreams + 3; ++i) {
    webs.push_back(setup.connect());
    webs.back().send(from_hex("160301"));
    setup.pump();
  }
  CHECK(setup.count(Counter::dropForeignStream) == 3);
  CHECK(webs.back().ended() && webs.front().open());
}

TEST("streams: a slow reader's data is dropped beyond 64 packets, its control packets are not, and nothing is torn") {
  Setup setup;
  const Connection slow = setup.connect(4096);
  slow.send(kReset);
  setup.pump();
  size_t accepted = 0;
  while (setup.send_data(1, Bytes(1400, static_cast<uint8_t>(accepted))) && accepted < 20000) ++accepted;
  CHECK(accepted > 64 && accepted < 20000);
  CHECK(setup.count(Counter::dropStreamQueueFull) == 1);
  CHECK(setup.streams.send_control(1, Bytes(100, 0xCC)));
  CHECK(!setup.send_data(1, Bytes(10)));

  const size_t expected = accepted * 1402 + 102;
  Bytes stream;
  for (int i = 0; i < 100000 && stream.size() < expected; ++i) {
    Bytes more(65536);
    const ssize_t bytes = recv(slow.socket.get(), more.data(), more.size(), MSG_DONTWAIT);
    if (bytes > 0) stream.insert(stream.end(), more.begin(), more.begin() + bytes);
    setup.pump();
  }
  CHECK(stream.size() == expected);
  size_t data = 0;
  for (std::span<uint8_t> rest(stream); !rest.empty();) {
    const Frame frame = read_frame(rest);
    CHECK(frame.state == Frame::State::complete);
    if (frame.state != Frame::State::complete) break;
    const bool control = frame.packet.size() == 100;
    CHECK(frame.packet[0] == (control ? 0xCC : static_cast<uint8_t>(data)));
    CHECK(control == (data == accepted));
    if (!control) ++data;
    rest = rest.subspan(kFrameLengthBytes + frame.packet.size());
  }
  CHECK(data == accepted);
  CHECK(setup.send_data(1, Bytes(10)));
}

TEST("streams: room that was promised and not used is given back") {
  Setup setup;
  const Connection connection = setup.join();
  for (size_t i = 0; i < FrameQueue::kDataFrames; ++i) CHECK(!setup.streams.reserve(1));
  CHECK(setup.streams.reserve(1) == Counter::dropStreamQueueFull);
  setup.streams.cancel(1);
  CHECK(!setup.streams.reserve(1));
  CHECK(setup.streams.reserve(2) == Counter::dropUnknownStream);
}

TEST("streams: one that does not take control packets any more is closed") {
  Setup setup;
  const Connection slow = setup.connect(4096);
  slow.send(kReset);
  setup.pump();
  size_t sent = 0;
  while (setup.streams.send_control(1, Bytes(2000, 1)) && sent < 20000) ++sent;
  CHECK(sent >= FrameQueue::kControlFrames && sent < 20000);
  CHECK(setup.count(Counter::streamsQueueFull) == 1);
  const auto closed = setup.closed();
  CHECK(closed.size() == 1 && closed.at(0).reason == CloseReason::queue_full);
}

TEST("streams: closing waits until everything was sent, and is not undone by what the other side still says") {
  Setup setup;
  const Connection connection = setup.connect(4096);
  connection.send(kReset);
  setup.pump();
  size_t sent = 0;
  while (sent < 4000 && setup.count(Counter::dropStreamQueueFull) == 0) sent += setup.send_data(1, Bytes(1400, 7));
  setup.streams.send_control(1, Bytes(100, 0xCC));
  setup.streams.close_when_sent(1);
  setup.streams.close_when_sent(1);
  setup.streams.close_when_sent(99);
  connection.send(framed({0x20}));
  const size_t received = setup.received.size();
  size_t total = 0;
  ssize_t last = -1;
  for (int i = 0; i < 100000 && last != 0; ++i) {
    Bytes more(65536);
    last = recv(connection.socket.get(), more.data(), more.size(), MSG_DONTWAIT);
    if (last > 0) total += static_cast<size_t>(last);
    setup.pump();
  }
  CHECK(last == 0 && total == sent * 1402 + 102);
  CHECK(setup.received.size() == received);
  CHECK(!setup.streams.send_control(1, Bytes{1}));
  CHECK(setup.closed().empty());
}

TEST("streams: closing does not wait for ever for one that does not read") {
  Setup setup;
  const Connection slow = setup.connect(4096);
  slow.send(kReset);
  setup.pump();
  while (setup.send_data(1, Bytes(1400, 7))) continue;
  setup.streams.close_when_sent(1);
  setup.streams.tick(2);
  CHECK(setup.count(Counter::streamsIdle) == 0);
  setup.streams.tick(1);
  CHECK(setup.count(Counter::streamsIdle) == 1 && setup.closed().empty());
}

TEST("streams: a connection that was reset is noticed when it is sent to, and when it is read") {
  Setup setup;
  for (const bool sending : {false, true}) {
    const uint64_t stream = sending ? 2 : 1;
    {
      const Connection connection = setup.join();
      const linger now{1, 0};
      setsockopt(connection.socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    if (sending) CHECK(!setup.streams.send_control(stream, Bytes{1}));
    setup.pump();
    const auto closed = setup.closed();
    CHECK(closed.size() == 1 && closed.at(0).path.stream == stream && closed[0].reason == CloseReason::error);
  }
}
