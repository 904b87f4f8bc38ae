#include "train_sender.h"

#include "check.h"
#include "down_fixture.h"

using namespace down_fixture;

namespace {

int no_cutting_by(int error, const Kernel::Message& message) { return message.cut_into == 0 ? 0 : error; }

std::vector<Event> events_of(Setup& path) { return path.upward.take(1).events; }

}  // namespace

TEST("trains: a kernel that does not cut for want of checksums gets single datagrams, and it is said once") {
  for (const int error : {EIO, EOPNOTSUPP}) {
    Setup path;
    path.kernel.refuse = [error](const auto& message) { return no_cutting_by(error, message); };
    const SuperPacket super(tcp(), 20000, 1000);
    for (int i = 0; i < 2; ++i) path.write(super.header, super.packet);
    path.forward();
    CHECK(path.arrive(super.segments + super.segments));
    const size_t calls = path.kernel.calls;
    path.write(super.header, super.packet);
    path.forward();
    CHECK(path.arrive(super.segments) && path.kernel.calls == calls + 1);
    CHECK(path.count(Counter::fallbacksSegmentation) == 1 && path.count(Counter::dropSendFailed) == 0);
    const auto events = events_of(path);
    CHECK(events.size() == 1 && events.at(0).type == Event::Type::offload_lost);
    CHECK(events.at(0).offload == Offload::segmentation && path.upward.lost(Offload::segmentation));
    CHECK(path.count(Counter::udpPacketsSent) == 60);
  }
}

TEST("trains: an older kernel's limit of datagrams is learned from its refusal") {
  Setup path;
  path.kernel.refuse = [](const auto& message) { return message.datagrams() > 64 ? EINVAL : 0; };
  std::vector<Bytes> small(100, make({.payload = 10}));
  for (int round = 0; round < 2; ++round) {
    for (const Bytes& packet : small) path.write(packet);
    path.forward();
    CHECK(path.arrive(small));
  }
  CHECK(path.kernel.calls == 4 && path.kernel.taken.size() == 4);
  CHECK(path.count(Counter::fallbacksSegmentCount) == 1 && path.count(Counter::fallbacksSegmentation) == 0);
  CHECK(events_of(path).empty());
}

TEST("trains: a path that does not carry a train's datagrams whole gets them one by one, for a while") {
  for (const int error : {EMSGSIZE, EINVAL}) {
    Setup path;
    path.add_other();
    path.kernel.refuse = [&](const auto& message) {
      return message.cut_into > 1200 && message.to == path.client.socket.local() ? error : 0;
    };
    const SuperPacket super(tcp(), 20000, 1300);
    packets::Options to_other = tcp();
    to_other.destination = kOther;
    const SuperPacket others(to_other, 20000, 1300);
    const SuperPacket smaller(tcp(), 9000, 900);
    DataKey other_opener(client_key(0));
    for (int round = 0; round < 2; ++round) {
      path.write(super.header, super.packet);
      path.write(others.header, others.packet);
      path.write(smaller.header, smaller.packet);
      path.forward();
      CHECK(path.arrive(super.segments + smaller.segments));
      CHECK(path.arrive(others.segments, path.other, other_opener));
      CHECK(path.count(Counter::fallbacksPathMtu) == 1);
    }
    CHECK(path.kernel.taken.size() == 2 * (16 + 1 + 1));
    path.peers.pass(TrainSender::kPathMemoryTicks);
    path.write(super.header, super.packet);
    path.forward();
    CHECK(path.count(Counter::fallbacksPathMtu) == 2 && path.count(Counter::dropSendFailed) == 0);
    CHECK(path.count(Counter::fallbacksSegmentation) == 0 && events_of(path).empty());
  }
}

TEST("trains: a refusal that stays without cutting is not blamed on it") {
  Setup path;
  path.add_other();
  for (const int error : {EINVAL, EIO, EMSGSIZE}) {
    path.kernel.refuse = [&](const auto& message) { return message.to == path.client.socket.local() ? error : 0; };
    for (uint8_t i = 0; i < 100; ++i) path.write(make({.payload = 10}));
    for (uint8_t i = 0; i < 100; ++i) path.write(make({.destination = kOther, .payload = 10}));
    path.forward();
  }
  CHECK(path.count(Counter::dropSendFailed) == 300 && path.count(Counter::udpPacketsSent) == 300);
  CHECK(path.count(Counter::fallbacksSegmentation) + path.count(Counter::fallbacksSegmentCount) == 0);
  CHECK(path.count(Counter::fallbacksPathMtu) == 0 && events_of(path).empty());
}

TEST("trains: what the kernel has no room or no leave for is lost, and nothing else") {
  for (const int error : {ENOBUFS, EAGAIN, EPERM, ENETUNREACH}) {
    Setup path;
    path.add_other();
    path.kernel.refuse = [&](const auto& message) { return message.cut_into % 3 == 1 ? error : 0; };
    std::vector<Bytes> expected;
    for (size_t payload = 900; payload < 909; ++payload) {
      packets::Options options = tcp();
      options.payload = payload;
      for (int i = 0; i < 3; ++i) path.write(make(options));
      if (make(options).size() % 3 != 1) expected = expected + std::vector<Bytes>(3, make(options));
    }
    path.forward();
    for (const Bytes& packet : expected) CHECK(opened(path.opener, receive(path.client.socket.fd())) == packet);
    CHECK(path.nothing_at(path.client));
    CHECK(path.count(Counter::dropSendFailed) == 9 && path.count(Counter::udpPacketsSent) == 18);
    CHECK(path.peer().statistics.sent_packets == 18);
    CHECK(path.count(Counter::fallbacksSegmentation) == 0 && events_of(path).empty());
  }
}

TEST("trains: a system call that a signal interrupts is made again") {
  Setup path;
  size_t calls = 0;
  path.kernel.refuse = [&](const auto&) { return calls++ == 0 ? EINTR : 0; };
  path.write(ipv4(9, 1));
  path.forward();
  CHECK(path.arrive({ipv4(9, 1)}));
}

TEST("trains: a datagram that the kernel itself refuses does not take its neighbours with it") {
  Setup path;
  path.add_peer(9, loopback(0), 9);  // port 0 gives EINVAL
  for (const uint8_t destination : {1, 9, 9, 1, 9, 1}) path.write(ipv4(2, destination));
  path.forward();
  CHECK(path.count(Counter::udpPacketsSent) == 3 && path.count(Counter::dropSendFailed) == 3);
  CHECK(path.peers.get(9).statistics.sent_packets == 0 && path.peer().statistics.sent_packets == 3);
  CHECK(path.arrive(std::vector<Bytes>(3, ipv4(2, 1))));
}
