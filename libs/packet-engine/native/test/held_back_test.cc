#include "check.h"
#include "stream_fixture.h"

using namespace stream_fixture;

TEST("streams: one whose packets find no room is not read, and loses nothing and nothing of its order") {
  Setup setup;
  const Connection connection = setup.join();
  setup.streams.admit(1);
  setup.full = true;
  size_t sent = 0;
  const auto send = [&] {
    for (size_t i = 0; i < 50; ++i, ++sent) connection.send(framed(concat({0x20}, Bytes(1, uint8_t(sent)))));
    setup.pump();
  };
  for (int i = 0; i < 4; ++i) send();
  CHECK(setup.received.size() == 1 && setup.count(Counter::streamsHeldBack) == 1 && setup.streams.any_held_back());
  setup.streams.go_on(setup.receiver());
  CHECK(setup.received.size() == 1 && setup.count(Counter::streamsHeldBack) == 1);
  setup.full = false;
  setup.streams.go_on(setup.receiver());
  CHECK(!setup.streams.any_held_back());
  setup.pump();
  CHECK(setup.received.size() == 201);
  for (size_t i = 0; i < 200; ++i) CHECK(setup.received.at(i + 1).second.at(1) == uint8_t(i));
  CHECK(setup.count(Counter::tcpPacketsReceived) == 201);
}

TEST("streams: whoever got nothing through comes before those who did") {
  Setup setup;
  const Connection first = setup.join();
  const Connection second = setup.join();
  setup.received.clear();
  std::vector<uint64_t> order;
  size_t room = 0;
  const auto receiver = [&](const Path& path, std::span<uint8_t>, bool) {
    if (room == 0) return Received::no_room;
    --room;
    order.push_back(path.stream);
    return Received::control;
  };
  setup.full = true;
  for (const Connection* one : {&first, &second}) {
    for (int i = 0; i < 3; ++i) one->send(framed({0x20}));
    setup.pump();
  }
  for (int i = 0; i < 6; ++i) room = 1, setup.streams.go_on(receiver);
  CHECK(order == (std::vector<uint64_t>{1, 2, 1, 2, 1, 2}));
}

TEST("streams: one that is held back may still end, leave, be sent to and be closed") {
  Setup setup;
  Connection reset = setup.join();
  const Connection leaves = setup.join();
  const Connection expires = setup.join();
  setup.full = true;
  for (const Connection* one : std::initializer_list<const Connection*>{&reset, &leaves, &expires})
    one->send(framed({0x20}));
  setup.pump();
  CHECK(setup.count(Counter::streamsHeldBack) == 3);
  CHECK(setup.streams.send_control(2, Bytes{1}));
  setup.streams.close_when_sent(2);
  CHECK(receive(leaves.socket.get()) == from_hex("000101") && leaves.ended());
  const linger now{1, 0};
  setsockopt(reset.socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  reset.socket = FileDescriptor();
  setup.pump();
  CHECK(setup.count(Counter::streamsFailed) == 1);
  setup.streams.tick(61);
  CHECK(expires.ended() && !setup.streams.any_held_back());
  setup.full = false;
  setup.streams.go_on(setup.receiver());
  CHECK(setup.received.size() == 3);
}
