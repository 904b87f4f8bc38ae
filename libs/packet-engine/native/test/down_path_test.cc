#include "down_path.h"

#include <fcntl.h>

#include "check.h"
#include "classic_format.h"
#include "down_fixture.h"
#include "frame.h"
#include "stream_fixture.h"

using namespace down_fixture;

namespace {

constexpr size_t kOverhead = ClassicFormat::kOverheadBytes;

packets::Options tcp(bool ipv6 = false) {
  packets::Options options{.ipv6 = ipv6, .sequence = 0xfffff000, .timestamps = true};
  options.flags = kTcpAck | kTcpPsh;
  return options;
}

packets::Options udp(bool ipv6 = false) { return {.ipv6 = ipv6, .transport = InnerProtocol::udp}; }

std::vector<Event> events_of(Setup& path) { return path.upward.take(1).events; }

}  // namespace

TEST("down path: a super-packet leaves as one message that comes out as the packets it stands for") {
  for (const bool ipv6 : {false, true}) {
    for (const auto& options : {tcp(ipv6), udp(ipv6)}) {
      Setup path;
      const SuperPacket super(options, 20000, 1300);
      path.write(super.header, super.packet);
      CHECK(path.forward());
      CHECK(path.arrive(super.segments));
      CHECK(path.kernel.calls == 1 && path.kernel.taken.size() == 1);
      CHECK(path.kernel.taken.at(0).cut_into == super.segments[0].size() + kOverhead);
      CHECK(path.count(Counter::udpPacketsSent) == 16 && path.count(Counter::tunPacketsReceived) == 16);
      const PeerStatistics& statistics = path.peer().statistics;
      size_t inner_bytes = 0;
      for (const Bytes& segment : super.segments) inner_bytes += segment.size();
      CHECK(statistics.sent_packets == 16 && statistics.sent_bytes == inner_bytes);
      CHECK(statistics.transport_sent_bytes == inner_bytes + 16 * kOverhead);
    }
  }
}

TEST("down path: trains are made of every format's packets") {
  KeyMaterial epoch = engine_key(0);
  epoch.epoch = true;
  epoch.seal_iv = epoch.open_iv = {};
  KeyMaterial lzo = engine_key(0, Cipher::chacha20_poly1305);
  lzo.lzo_byte = true;
  for (const KeyMaterial& material : {epoch, lzo}) {
    Setup path;
    KeyMaterial reverse = material;
    std::swap(reverse.seal_key, reverse.open_key);
    std::swap(reverse.seal_iv, reverse.open_iv);
    DataKey opener(reverse);
    path.peer().primary = std::make_unique<DataKey>(material);
    const SuperPacket super(tcp(), 10000, 999);
    path.write(super.header, super.packet);
    path.forward();
    for (const Bytes& segment : super.segments) CHECK(opened(opener, receive(path.client.socket.fd())) == segment);
    CHECK(path.kernel.taken.size() == 1);
  }
}

TEST("down path: no message is longer than the kernel takes, and none has more datagrams") {
  Setup path;
  const SuperPacket super(tcp(), 65000, 1388);
  path.write(super.header, super.packet);
  path.forward();
  CHECK(path.arrive(super.segments));
  CHECK(path.kernel.calls == 1 && path.kernel.taken.size() == 2);
  std::vector<Bytes> small;
  for (uint8_t i = 0; i < 200; ++i) small.push_back(make({.transport = InnerProtocol::udp, .payload = 64, .fill = i}));
  for (const Bytes& packet : small) path.write(packet);
  path.forward();
  CHECK(path.arrive(small));
  CHECK(path.kernel.calls == 2 && path.kernel.taken.size() == 4);
  CHECK(path.kernel.taken.at(2).datagrams() == 128 && path.kernel.taken.at(3).datagrams() == 72);
}

TEST("down path: a shorter packet ends a train, a longer one begins another") {
  Setup path;
  std::vector<Bytes> packets;
  for (const size_t payload : {100, 100, 60, 60, 200, 200, 200, 100}) packets.push_back(make({.payload = payload}));
  for (const Bytes& packet : packets) path.write(packet);
  path.forward();
  CHECK(path.arrive(packets));
  CHECK(path.kernel.calls == 1 && path.kernel.taken.size() == 3);
  CHECK(path.kernel.taken.at(0).datagrams() == 3);
  CHECK(path.kernel.taken.at(1).datagrams() == 1 && path.kernel.taken.at(1).cut_into == 0);
  CHECK(path.kernel.taken.at(2).datagrams() == 4);
}

TEST("down path: a TUN device without virtio headers gives plain packets, which become trains too") {
  Setup path(loopback(), {}, false);
  const std::vector<Bytes> packets(50, make({.payload = 500}));
  for (const Bytes& packet : packets) path.tun.write(packet);
  path.forward();
  CHECK(path.arrive(packets));
  CHECK(path.kernel.taken.size() == 1 && path.count(Counter::dropBadVirtioHeader) == 0);
}

TEST("down path: packets of two peers that come by turns leave as one train for each") {
  Setup path;
  path.add_other();
  std::vector<Bytes> ours, theirs;
  for (uint8_t i = 0; i < 40; ++i) {
    ours.push_back(make({.payload = 300, .fill = i}));
    theirs.push_back(make({.destination = kOther, .payload = 500, .fill = i}));
    path.write(ours.back());
    path.write(theirs.back());
  }
  path.forward();
  DataKey other_opener(client_key(0));
  CHECK(path.arrive(ours));
  CHECK(path.arrive(theirs, path.other, other_opener));
  CHECK(path.kernel.calls == 1 && path.kernel.taken.size() == 2);
}

TEST("down path: what does not fit the outbox at once leaves in several goes, in order") {
  Setup path;
  std::vector<Bytes> expected;
  for (uint8_t i = 0; i < 8; ++i) {
    packets::Options options = tcp();
    options.fill = i;
    const SuperPacket super(options, 64000, 1400);
    path.write(super.header, super.packet);
    expected = expected + super.segments;
  }
  path.forward();
  CHECK(path.arrive(expected));
  CHECK(path.kernel.calls == 3);
}

TEST("down path: more peers than the outbox has trains are all served") {
  Setup path;
  for (uint8_t host = 100; host < 200; ++host) path.add_peer(host, path.client.socket.local(), host);
  for (uint8_t host = 100; host < 200; ++host) path.write(make({.destination = host}));
  path.forward();
  CHECK(path.count(Counter::udpPacketsSent) == 100 && path.kernel.calls == 2);
}

TEST("down path: packets of up to the largest length are carried, jumbo segments too") {
  Setup path;
  const SuperPacket super(udp(), 40000, 8900);
  path.write(super.header, super.packet);
  const Bytes longest = make({.payload = kMaxInnerBytes - 40});
  path.write(longest);
  path.forward();
  CHECK(path.arrive(super.segments + std::vector<Bytes>{longest}));
}

TEST("down path: every reason to drop a packet of the TUN device has its counter") {
  Setup path;
  path.write(ipv4(1, 9));
  const SuperPacket nowhere({.destination = 99}, 5000, 1000);
  path.write(nowhere.header, nowhere.packet);
  CHECK(path.forward());
  CHECK(path.count(Counter::dropNoRoute) == 6);
  path.write(Bytes(40, 0));
  const SuperPacket good(tcp(), 5000, 1000);
  path.write(good.header, Bytes(good.packet.begin(), good.packet.end() - 1));
  path.forward();
  CHECK(path.count(Counter::dropNotIp) == 2);
  VirtioHeader bad = good.header;
  bad.gso_type = kVirtioGsoTcp6;
  path.write(bad, good.packet);
  path.tun.write(Bytes(sizeof(VirtioHeader), 0));
  path.tun.write(Bytes(3, 0));
  path.forward();
  CHECK(path.count(Counter::dropBadVirtioHeader) == 3);
  path.write(make({.payload = kMaxInnerBytes}));
  const SuperPacket jumbo(tcp(), 40000, kMaxInnerBytes);
  path.write(jumbo.header, jumbo.packet);
  path.write(Bytes(70000, 0x45));
  path.forward();
  CHECK(path.count(Counter::dropTooLong) == 1 + jumbo.segments.size() + 1);
  path.peer().primary.reset();
  path.write(good.header, good.packet);
  path.forward();
  CHECK(path.count(Counter::dropNoKey) == 5);
  CHECK(path.kernel.calls == 0 && path.count(Counter::tunPacketsReceived) == 6 + 2 + 1 + 1 + 5 + 1 + 5);
}

TEST("down path: a key that is spent in the middle of a super-packet sends what came before") {
  Setup path;
  KeyMaterial material = engine_key(0);
  material.first_packet_id = 0xFFFFFFFD;
  path.peer().primary = std::make_unique<DataKey>(material);
  const SuperPacket super(tcp(), 5000, 1000);
  path.write(super.header, super.packet);
  path.forward();
  CHECK(path.arrive({super.segments.begin(), super.segments.begin() + 3}));
  CHECK(path.count(Counter::dropKeyExhausted) == 2 && path.count(Counter::udpPacketsSent) == 3);
  const auto events = events_of(path);
  CHECK(events.size() == 1 && events.at(0).type == Event::Type::key_limit);
  CHECK(events.at(0).reason == LimitReason::packet_id);
}

TEST("down path: what one batch holds leaves by the right socket, in order for each") {
  Setup path;
  path.listeners.emplace_back(std::in_place_type<UdpSocket>, loopback());
  path.add_other().path.listener = 1;
  // A connected socket takes nothing from elsewhere.
  const auto connect_to = [&path](const Client& client, size_t listener) {
    const EndPoint& local = local_of(path.listeners[listener]);
    connect(client.socket.fd(), local.data(), local.size());
  };
  connect_to(path.client, 0);
  connect_to(path.other, 1);
  std::vector<Bytes> ours, theirs;
  for (size_t i = 30; i > 0; --i) {
    ours.push_back(ipv4(2, 1, i / 3 * 3));
    theirs.push_back(ipv4(2, kOther, i / 2 * 2));
    path.write(ours.back());
    path.write(theirs.back());
  }
  path.forward();
  DataKey other_opener(client_key(0));
  CHECK(path.arrive(ours) && path.arrive(theirs, path.other, other_opener));
  CHECK(path.kernel.calls == 2 && path.count(Counter::udpPacketsSent) == 60);
}

TEST("down path: trains leave a wildcard socket from the address that the peer knows") {
  for (const char* wildcard : {"0.0.0.0", "::"}) {
    Setup path(*EndPoint::parse(wildcard, 0));
    const auto& socket = std::get<UdpSocket>(path.listeners[0]);
    const EndPoint known = *EndPoint::parse("127.0.0.9", socket.local().port());
    path.peer().path.local = *known.for_family(socket.family());
    connect(path.client.socket.fd(), known.data(), known.size());
    const SuperPacket super(udp(), 5000, 700);
    path.write(super.header, super.packet);
    path.forward();
    CHECK(path.arrive(super.segments));
  }
}

TEST("down path: congestion marks are copied outward, and a change of them ends a train") {
  Setup path;
  std::vector<Bytes> packets;
  for (const uint8_t traffic_class : {0xb8, 0xb8, 0xba, 0xba, 0xbb, 0xb8}) {
    packets.push_back(make({.traffic_class = traffic_class}));
    path.write(packets.back());
  }
  path.forward();
  CHECK(path.arrive(packets));
  CHECK(path.kernel.taken.size() == 4);
  CHECK(path.kernel.taken.at(0).traffic_class == -1 && path.kernel.taken.at(1).traffic_class == 2);
  CHECK(path.kernel.taken.at(2).traffic_class == 3 && path.kernel.taken.at(3).traffic_class == -1);
}

TEST("down path: the outer DSCP is the inner one, or the listener's own, as the kernel sends it") {
  for (const bool ipv6 : {false, true}) {
    for (const Dscp dscp : {Dscp{true, 0}, Dscp{false, 10}}) {
      Setup path(*EndPoint::parse("::", 0), dscp);
      const UdpSocket far(*EndPoint::parse(ipv6 ? "::1" : "127.0.0.1", 0));
      const int on = 1;
      setsockopt(far.fd(), IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
      if (ipv6) setsockopt(far.fd(), IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on);
      path.peer().path.remote = *far.local().for_family(AF_INET6);
      for (const uint8_t inner : {0xb8, 0x01}) {
        path.write(make({.traffic_class = inner}));
        path.forward();
        uint8_t byte;
        iovec vector{&byte, 1};
        alignas(cmsghdr) uint8_t control[256];
        msghdr header{nullptr, 0, &vector, 1, control, sizeof control, 0};
        CHECK(recvmsg(far.fd(), &header, 0) == 1);
        int seen = -1;
        for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
          const bool tos = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TOS;
          const bool tclass = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_TCLASS;
          if (tos || tclass) seen = *CMSG_DATA(part);
        }
        CHECK(seen == (dscp.copied ? inner : (40 | (inner & 3))));
      }
    }
  }
}

TEST("down path: a packet beyond the peer's MTU is dropped and answered where that is allowed, but not without end") {
  Setup path;
  path.peer().mtu = 1300;
  const Bytes fits = make({.payload = 1300 - 40});
  path.write(fits);
  path.write(make({.payload = 1301 - 40}));
  path.forward();
  CHECK(path.arrive({fits}));
  Bytes answer = receive(path.tun.host_end.get());
  CHECK(answer.size() > 28 + sizeof(VirtioHeader));
  const auto message = std::span(answer).subspan(sizeof(VirtioHeader));
  CHECK(message[9] == 1 && message[20] == 3 && message[21] == 4 && read_u16(message, 26) == 1300);
  CHECK(fold(add_words(message.subspan(20))) == 0xffff);
  CHECK(read_u32(message, 28 + 12) == 0x0a080002 && read_u16(message, 28 + kIpv4TotalLength) == 1301);

  const SuperPacket super(tcp(true), 5000, 1400);
  path.write(super.header, super.packet);
  path.write(make({.dont_fragment = false, .payload = 1400}));
  path.forward();
  CHECK(path.count(Counter::dropTooBig) == 1 + super.segments.size() + 1);
  CHECK(path.count(Counter::tooBigAnswered) == 2);
  for (int i = 0; i < 20; ++i) path.write(make({.payload = 1400}));
  path.forward();
  CHECK(path.count(Counter::tooBigAnswered) == 8);
  path.peers.pass(1);
  path.write(make({.payload = 1400}));
  path.forward();
  CHECK(path.count(Counter::tooBigAnswered) == 9 && path.count(Counter::dropTunWriteFailed) == 0);
}

TEST("down path: the segment size that a connection announces is lowered to what fits the peer") {
  Setup path;
  packets::Options options{.payload = 0};
  options.flags = kTcpSyn;
  Bytes syn = make(options);
  const Bytes option = from_hex("020405b4");
  syn.insert(syn.end(), option.begin(), option.end());
  write_u16(syn, kIpv4TotalLength, static_cast<uint32_t>(syn.size()));
  set_ipv4_checksum(syn, kIpv4HeaderBytes);
  syn[32] = 6 << 4;
  set_transport_checksum(syn, *read_transport_packet(syn));
  path.write(syn);
  path.forward();
  CHECK(path.arrive({syn}));
  path.peer().segment_limit = {1200, 1180};
  // The kernel leaves this checksum open too.
  Bytes open = syn;
  packets::open_checksum(open);
  path.write(header_for(open, kVirtioGsoNone, 0), open);
  path.forward();
  const Bytes clamped = opened(path.opener, receive(path.client.socket.fd()));
  CHECK(clamped.size() == syn.size() && read_u16(clamped, 42) == 1200);
  CHECK(transport_checksum_right(clamped, *read_transport_packet(clamped)));
}

TEST("down path: an idle peer is pinged in the company of what else there is") {
  Setup path;
  path.write(ipv4(2, 1, 0));
  path.down.ping(path.peer());
  path.down.flush();
  CHECK(opened(path.opener, receive(path.client.socket.fd())) == from_hex("2a187bf3641eb4cb07ed2d0a981fc748"));
  CHECK(path.count(Counter::pingsSent) == 1 && path.peer().statistics.sent_packets == 0);
  CHECK(path.peer().statistics.transport_sent_bytes == 16 + kOverhead);
}

TEST("down path: a read that fails for another reason says nothing about the device") {
  Setup host;
  std::vector<TunDevice> queues;
  // Read from, a directory gives an error that no device does.
  queues.emplace_back(FileDescriptor(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  host.networks.add(1, std::move(queues));
  CHECK(host.down.forward(host.networks.get(1)));
}

TEST("down path: a TUN device that was deleted is told from one that is empty") {
  Setup path;
  CHECK(path.forward());
  path.tun.host_end = FileDescriptor();
  CHECK(!path.forward());
}

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
