#include "control_queue.h"

#include "check.h"

using namespace sallyport;

namespace {

Path udp_from(uint16_t port) {
  Path path;
  path.remote = *EndPoint::parse("192.0.2.1", port);
  return path;
}

Path on_stream(uint64_t stream) {
  Path path = udp_from(1);
  path.transport = Transport::tcp;
  path.stream = stream;
  return path;
}

size_t push(ControlQueue& queue, const Path& path, size_t count, bool admitted = true) {
  size_t accepted = 0;
  for (size_t i = 0; i < count; ++i) {
    accepted += queue.push(path, std::vector<uint8_t>(1, static_cast<uint8_t>(i)), admitted);
  }
  return accepted;
}

size_t count_of(const std::vector<ControlPacket>& packets, const Path& path) {
  size_t count = 0;
  for (const ControlPacket& packet : packets) count += packet.path == path;
  return count;
}

}  // namespace

TEST("control queue: a flood of strangers leaves room for known clients and streams, and these come first") {
  ControlQueue queue;
  queue.acquaint(udp_from(7));
  CHECK(push(queue, udp_from(1), 5000) == ControlQueue::kPacketsPerLane);
  CHECK(push(queue, udp_from(7), 5) == 5);
  CHECK(push(queue, on_stream(3), 5) == 5);
  const auto taken = queue.take(30);
  CHECK(taken.size() == 30);
  CHECK(count_of(taken, udp_from(7)) == 5 && count_of(taken, on_stream(3)) == 5);
  CHECK(taken.front().path == udp_from(7));
}

TEST("control queue: no known client and no stream takes the place of others, and strangers are served beside them") {
  ControlQueue queue;
  for (uint16_t port = 1; port <= 60; ++port) {
    queue.acquaint(udp_from(port));
    CHECK(push(queue, udp_from(port), 100) == ControlQueue::kPacketsPerSender);
    CHECK(push(queue, on_stream(port), 100) == ControlQueue::kPacketsPerSender);
  }
  CHECK(push(queue, udp_from(1000), 100) == 100);
  CHECK(count_of(queue.take(40), udp_from(1000)) == 10);
}

TEST("control queue: what was taken makes room for as much, also after its sender was forgotten and came back") {
  ControlQueue queue;
  const Path client = udp_from(7);
  queue.acquaint(client);
  CHECK(push(queue, client, 64) == 64);
  CHECK(queue.take(10).size() == 10);
  CHECK(push(queue, client, 64) == 10);
  queue.forget(client);
  CHECK(push(queue, client, 100) == 100);
  queue.acquaint(client);
  CHECK(queue.take(1000).size() == 164);
  CHECK(push(queue, client, 100) == 64);
  CHECK(queue.take(64).size() == 64 && queue.empty());
}

TEST("control queue: packets of a stream keep their order and are counted") {
  ControlQueue queue;
  CHECK(push(queue, on_stream(3), 64) == 64);
  uint8_t expected = 0;
  while (!queue.empty()) {
    for (const ControlPacket& packet : queue.take(10)) CHECK(packet.bytes.at(0) == expected++);
  }
  CHECK(expected == 64 && !queue.has_packets_of(3));
  CHECK(push(queue, on_stream(3), 100) == 64);
}

TEST("control queue: streams that nobody admitted neither fill the lane of those admitted nor overtake themselves") {
  ControlQueue queue;
  const size_t streams = ControlQueue::kPacketsPerLane / ControlQueue::kPacketsPerNewcomer;
  for (uint64_t stream = 1; stream <= streams; ++stream) {
    CHECK(push(queue, on_stream(stream), 9, false) == ControlQueue::kPacketsPerNewcomer);
  }
  CHECK(push(queue, on_stream(5000), 1, false) == 0);
  CHECK(push(queue, on_stream(6000), 9) == 9);
  CHECK(count_of(queue.take(30), on_stream(6000)) == 9);
  // The first five have gone. Stream 6 is admitted while its first packet has gone and three still wait.
  CHECK(!queue.has_packets_of(5) && queue.has_packets_of(6));
  CHECK(push(queue, on_stream(6), 1) == 1);
  std::vector<uint8_t> order;
  for (const ControlPacket& packet : queue.take(8000)) {
    if (packet.path.stream == 6) order.push_back(packet.bytes.at(0));
  }
  CHECK(order == (std::vector<uint8_t>{1, 2, 3, 0}));
  CHECK(push(queue, on_stream(6), 9) == 9);
}
