#include "delivery.h"

#include <random>

#include "check.h"
#include "random_flows.h"
#include "up_fixture.h"

using namespace up_fixture;

namespace {

std::vector<Bytes> flow_of(InnerProtocol transport, size_t packets) {
  std::vector<Bytes> flow;
  for (size_t i = 0; i < packets; ++i) flow.push_back(make(next({.transport = transport}, i)));
  return flow;
}

void deliver(Setup& path, std::vector<Bytes> packets) {
  for (Bytes& packet : packets) path.delivery.add(path.peer(), packet);
  path.delivery.flush();
}

bool is_super(const VirtioHeader& header) { return header.gso_type != kVirtioGsoNone; }

}  // namespace

TEST("delivery: a device that is down loses every packet of an item after two attempts") {
  Setup path(TunOffload::tcp_udp);
  size_t attempts = 0;
  path.refuse = [&](auto&, auto) {
    ++attempts;
    return EIO;
  };
  deliver(path, flow_of(InnerProtocol::tcp, 10));
  CHECK(attempts == 2);
  CHECK(path.count(Counter::dropTunWriteFailed) == 10 && path.count(Counter::tunPacketsSent) == 0);
  CHECK(path.peer().statistics.received_packets == 0 && path.count(Counter::fallbacksTunWrite) == 0);
  path.refuse = [](auto&, auto) { return 0; };
  deliver(path, flow_of(InnerProtocol::tcp, 10));
  CHECK(path.writes().size() == 1);
}

TEST("delivery: lack of room is loss, and nothing is tried again") {
  for (const int error : {ENOBUFS, ENOMEM, EAGAIN}) {
    Setup path(TunOffload::tcp_udp);
    size_t attempts = 0;
    path.refuse = [&](auto&, auto) {
      ++attempts;
      return error;
    };
    deliver(path, flow_of(InnerProtocol::udp, 10));
    CHECK(attempts == 1 && path.count(Counter::dropTunWriteFailed) == 10);
  }
}

TEST("delivery: a kernel that does not know super-packets of a kind gets none, and its owner hears of it once") {
  for (const InnerProtocol kind : {InnerProtocol::udp, InnerProtocol::tcp}) {
    Setup path(TunOffload::tcp_udp);
    size_t refused = 0;
    path.refuse = [&](const VirtioHeader& header, auto) {
      const bool datagrams = header.gso_type == kVirtioGsoUdp;
      if (!is_super(header) || datagrams != (kind == InnerProtocol::udp)) return 0;
      ++refused;
      return EINVAL;
    };
    const auto packets = flow_of(kind, 6);
    for (int round = 0; round < 3; ++round) {
      deliver(path, packets);
      CHECK(path.delivered() == packets);
    }
    CHECK(refused == 1 && path.count(Counter::fallbacksTunWrite) == 1);
    CHECK(path.count(Counter::tunPacketsSent) == 18 && path.count(Counter::dropTunWriteFailed) == 0);
    CHECK(path.peer().statistics.received_packets == 18);
    const auto batch = path.upward.take(1);
    CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::offload_lost);
    // What the kernel does take goes on.
    if (kind == InnerProtocol::tcp) continue;
    deliver(path, flow_of(InnerProtocol::tcp, 6));
    CHECK(path.writes().size() == 1);
  }
}

TEST("delivery: a single packet that is refused is lost alone") {
  Setup path(TunOffload::tcp_udp);
  path.refuse = [](const VirtioHeader& header, auto) { return is_super(header) ? 0 : EINVAL; };
  auto packets = flow_of(InnerProtocol::tcp, 3);
  packets.insert(packets.begin(), make({.port = 9}));
  deliver(path, packets);
  CHECK(path.count(Counter::dropTunWriteFailed) == 1 && path.count(Counter::tunPacketsSent) == 3);
  CHECK(path.count(Counter::fallbacksTunWrite) == 0);
}

TEST("delivery: a refusal that the parts share says nothing about super-packets") {
  Setup path(TunOffload::tcp_udp);
  size_t attempts = 0;
  path.refuse = [&](auto&, auto) { return ++attempts <= 2 ? EINVAL : 0; };
  deliver(path, flow_of(InnerProtocol::tcp, 3));
  CHECK(path.count(Counter::dropTunWriteFailed) == 1 && path.count(Counter::tunPacketsSent) == 2);
  CHECK(path.count(Counter::fallbacksTunWrite) == 0 && path.upward.take(1).events.empty());
}

TEST("delivery: a device that knows no datagrams together gets them one by one") {
  Setup path(TunOffload::tcp);
  deliver(path, flow_of(InnerProtocol::udp, 4));
  CHECK(path.writes().size() == 4);
  deliver(path, flow_of(InnerProtocol::tcp, 4));
  CHECK(path.writes().size() == 1);
}

TEST("delivery: more than fits into one gathering is written in order") {
  Setup path(TunOffload::tcp_udp);
  const auto packets = flow_of(InnerProtocol::tcp, 700);
  deliver(path, packets);
  CHECK(path.delivered() == packets);
  CHECK(path.count(Counter::tunPacketsSent) == 700);
}

TEST("delivery: whatever the mix, every packet comes out as it went in and no flow changes its order") {
  std::mt19937 random(11);
  Setup path(TunOffload::tcp_udp);
  size_t writes = 0;
  size_t carried = 0;
  for (int round = 0; round < 600; ++round) {
    packets::RandomFlows flows(random);
    std::vector<Bytes> batch(1 + random() % 64);
    for (Bytes& packet : batch) packet = flows.next();
    // Now and then a device takes no super-packet at all, for want of its being up.
    const bool apart = random() % 8 == 0;
    path.refuse = [apart](const VirtioHeader& header, auto) { return apart && is_super(header) ? EIO : 0; };
    deliver(path, batch);
    std::vector<Bytes> out;
    for (const auto& write : path.writes()) {
      ++writes;
      for (Bytes& packet : packets::cut(write.header, write.packet)) out.push_back(std::move(packet));
    }
    carried += batch.size();
    CHECK(packets::by_flow(out) == packets::by_flow(batch));
  }
  CHECK(writes < carried * 3 / 4);
  CHECK(path.count(Counter::tunPacketsSent) == carried && path.count(Counter::dropTunWriteFailed) == 0);
}
