#include "delivery.h"

#include <map>

#include "check.h"
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

// Addresses, protocol and ports where there are any: what must keep its order.
Bytes flow_key(const Bytes& packet) {
  const auto form = read_transport_packet(packet);
  const bool ipv6 = packet[0] >> 4 == 6;
  const size_t begin = ipv6 ? kIpv6Addresses : kIpv4Addresses;
  const size_t end = (ipv6 ? kIpv6HeaderBytes : kIpv4HeaderBytes) + (form ? 4 : 0);
  Bytes key(packet.begin() + static_cast<std::ptrdiff_t>(begin), packet.begin() + static_cast<std::ptrdiff_t>(end));
  key.push_back(packet[ipv6 ? kIpv6NextHeader : kIpv4Protocol]);
  return key;
}

std::map<Bytes, std::vector<Bytes>> by_flow(const std::vector<Bytes>& packets) {
  std::map<Bytes, std::vector<Bytes>> flows;
  for (const Bytes& packet : packets) flows[flow_key(packet)].push_back(packet);
  return flows;
}

// A packet that continues one of a few flows, or breaks it in one of the ways in which real ones do.
Bytes random_packet(std::mt19937& random, std::map<unsigned, Options>& flows) {
  const unsigned number = random() % 5;
  const bool known = flows.contains(number);
  Options& flow = flows[number];
  if (!known) {
    flow.port = static_cast<uint16_t>(1000 + number);
    flow.ipv6 = random() % 2;
    flow.transport = random() % 3 ? InnerProtocol::tcp : InnerProtocol::udp;
    flow.sequence = static_cast<uint32_t>(random());
    flow.payload = 1 + random() % 300;
    flow.timestamps = random() % 2;
  }
  Options packet = flow;
  packet.fill = static_cast<uint8_t>(random());
  switch (random() % 14) {
    case 0:
      packet.flags |= random() % 2 ? kTcpPsh : kTcpFin;
      break;
    case 1:
      packet.payload = random() % (flow.payload + 1);
      break;
    case 2:
      packet.sequence += 5;
      break;
    case 3:
      packet.identification += 9;
      break;
    case 4:
      packet.traffic_class = 3;
      break;
    default:
      break;
  }
  flow.sequence = packet.sequence + static_cast<uint32_t>(packet.payload);
  flow.identification = static_cast<uint16_t>(packet.identification + 1);
  Bytes bytes = make(packet);
  if (random() % 20 == 0) bytes.back() ^= 0x10;
  if (!packet.ipv6 && random() % 20 == 0) bytes[kIpv4Checksum] ^= 1;
  if (!packet.ipv6 && random() % 20 == 0) write_u16(bytes, kIpv4Fragment, 0x2000);
  return bytes;
}

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
  size_t packets = 0;
  for (int round = 0; round < 600; ++round) {
    std::map<unsigned, Options> flows;
    std::vector<Bytes> batch(1 + random() % 64);
    for (Bytes& packet : batch) packet = random_packet(random, flows);
    // Now and then a device takes no super-packet at all, for want of its being up.
    const bool apart = random() % 8 == 0;
    path.refuse = [apart](const VirtioHeader& header, auto) { return apart && is_super(header) ? EIO : 0; };
    deliver(path, batch);
    std::vector<Bytes> out;
    for (const auto& write : path.writes()) {
      ++writes;
      for (Bytes& packet : packets::cut(write.header, write.packet)) out.push_back(std::move(packet));
    }
    packets += batch.size();
    CHECK(by_flow(out) == by_flow(batch));
  }
  CHECK(writes < packets * 3 / 4);
  CHECK(path.count(Counter::tunPacketsSent) == packets && path.count(Counter::dropTunWriteFailed) == 0);
}
