#include "engine.h"

#include <atomic>
#include <random>

#include "big_endian.h"
#include "host.h"

using namespace fixture;

ENGINE_TEST("refuses misuse and stays as it was") {
  Host host(data_threads);
  const Client client;
  const Path path = host.path_to(client.socket.local());
  CHECK(code_of([&] { host.engine.listen(Transport::udp, host.server, false); }) == "port-in-use");
  for (const size_t others : {1, 3}) {
    CHECK(code_of([&] { Engine([] {}, {others}).listen(Transport::udp, host.server, false); }) == "port-in-use");
  }
  CHECK(code_of([&] { host.engine.add_peer({1, 5, path, {}, {}}); }) == "unknown-network");
  CHECK(code_of([&] { host.engine.send_control(host.path_to(*EndPoint::parse("::1", 9)), {}); }) == "bad-address");
  CHECK(code_of([&] {
          host.engine.send_control({1, Transport::udp, path.remote, path.local, 0}, {});
        }) == "unknown-listener");
  CHECK(code_of([&] {
          host.engine.send_control({0, Transport::tcp, path.remote, path.local, 1}, {});
        }) == "unknown-listener");
  CHECK(code_of([&] { host.engine.set_key(1, Slot::primary, engine_key(0)); }) == "unknown-peer");
  const FakeTun tun = host.add_network(5);
  host.add_peer(1, 5, client, 2);
  CHECK(code_of([&] { host.engine.set_key(1, Slot::secondary, engine_key(0)); }) == "duplicate-key-id");
  CHECK(code_of([&] { host.engine.swap_keys(1); }) == "no-key");
  CHECK(code_of([&] { host.add_network(5); }) == "duplicate-network");
  Engine idle([] {});
  CHECK(code_of([&] { idle.add_peer({1, 5, path, {}, {}}); }) == "not-listening");
  idle.stop();
  idle.stop();
  CHECK(code_of([&] { idle.delete_peer(1); }) == "engine-stopped");
}

ENGINE_TEST("carries packets both ways, two networks with the same inner addresses apart") {
  Host host(data_threads);
  const FakeTun red = host.add_network(1);
  const FakeTun blue = host.add_network(2);
  const Client red_client;
  const Client blue_client;
  host.add_peer(0x010001, 1, red_client, 2);
  host.add_peer(0x010002, 2, blue_client, 2, Cipher::chacha20_poly1305);
  DataKey red_key(client_key(0));
  DataKey blue_key(client_key(0, Cipher::chacha20_poly1305));
  for (size_t size = 0; size < 1480; size += 61) {
    red_client.send(host.server, seal(red_key, 0x010001, ipv4(2, 1, size)));
    CHECK(receive(red.host_end.get()) == ipv4(2, 1, size));
    blue.write(ipv4(1, 2, size + 1));
    CHECK(opened(blue_key, receive(blue_client.socket.fd())) == ipv4(1, 2, size + 1));
  }
  Bytes nothing(1);
  CHECK(recv(blue.host_end.get(), nothing.data(), 1, 0) < 0);
  CHECK(recv(red_client.socket.fd(), nothing.data(), 1, 0) < 0);
  const PeerStatistics statistics = host.engine.statistics(0x010002);
  CHECK(statistics.sent_packets == 25 && statistics.transport_sent_bytes == statistics.sent_bytes + 25 * 24);
  CHECK(host.engine.cpu_seconds() > 0);
}

ENGINE_TEST("bursts in both directions arrive whole and in order") {
  Host host(data_threads);
  const FakeTun tun = host.add_network(1);
  const Client client;
  host.add_peer(1, 1, client, 2);
  DataKey key(client_key(0));
  for (int round = 0; round < 40; ++round) {
    for (size_t i = 0; i < 40; ++i) tun.write(ipv4(1, 2, i));
    for (size_t i = 0; i < 40; ++i) CHECK(opened(key, receive(client.socket.fd())) == ipv4(1, 2, i));
    for (size_t i = 0; i < 40; ++i) client.send(host.server, seal(key, 1, ipv4(2, 1, i)));
    for (size_t i = 0; i < 40; ++i) CHECK(receive(tun.host_end.get()) == ipv4(2, 1, i));
  }
}

ENGINE_TEST("the queue of control packets is bounded and says when it overflows") {
  Host host(data_threads);
  const Client client;
  const size_t surplus = 100;
  for (size_t i = 0; i < ControlQueue::kPacketsPerLane + surplus; ++i) {
    client.send(host.server, Bytes(20, 0x38));
    if (i % 200 == 0) eventually([&] { return host.count(Counter::udpPacketsReceived) > i; });
  }
  CHECK(eventually([&] { return host.count(Counter::dropControlQueueFull) == surplus; }));
  CHECK(host.count(Counter::controlPacketsReceived) == ControlQueue::kPacketsPerLane);
  size_t taken = 0;
  while (const size_t count = host.engine.take(256).control.size()) taken += count;
  CHECK(taken == ControlQueue::kPacketsPerLane);
}

ENGINE_TEST("a network whose device was deleted is told of, and leaves the others at work") {
  Host host(data_threads);
  FakeTun gone = host.add_network(1);
  const FakeTun stays = host.add_network(2);
  const Client client;
  host.add_peer(1, 2, client, 2);
  gone.host_end = FileDescriptor();
  DataKey key(client_key(0));
  stays.write(ipv4(1, 2));
  CHECK(opened(key, receive(client.socket.fd())) == ipv4(1, 2));
  const double before = host.engine.cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(host.engine.cpu_seconds() - before < 0.1);
  const auto events = host.engine.take(1).events;
  CHECK(!events.empty());
  for (const Event& event : events) CHECK(event.type == Event::Type::network_lost && event.peer_id == 1);
  host.engine.remove_network(1);
}

ENGINE_TEST("carries packets over TCP, numbered without a gap, and never lets a stream float") {
  Host host(data_threads);
  const auto tcp = host.engine.listen(Transport::tcp, loopback(), false);
  CHECK(tcp.listener == 1);
  const FakeTun tun = host.add_network(1);
  const FileDescriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  connect(client.get(), tcp.local.data(), tcp.local.size());
  const auto send_frame = [&client](const Bytes& packet) {
    const Bytes length = {static_cast<uint8_t>(packet.size() >> 8), static_cast<uint8_t>(packet.size())};
    const Bytes frame = concat(length, packet);
    ::send(client.get(), frame.data(), frame.size(), 0);
  };
  send_frame(Bytes(54, 0x38));
  std::vector<ControlPacket> control;
  CHECK(eventually([&] {
    for (ControlPacket& packet : host.engine.take(9).control) control.push_back(std::move(packet));
    return !control.empty();
  }));
  host.engine.add_peer({1, 1, control.at(0).path, Ipv4Address{10, 8, 0, 2}, std::nullopt});
  host.engine.set_key(1, Slot::primary, engine_key(0));
  DataKey key(client_key(0));
  send_frame(seal(key, 1, ipv4(2, 1)));
  CHECK(receive(tun.host_end.get()) == ipv4(2, 1));

  Bytes stream;
  for (size_t i = 0; i < 50; ++i) tun.write(ipv4(1, 2, i));
  for (uint32_t id = 1; id <= 50; ++id) {
    const size_t bytes = 2 + 24 + ipv4(1, 2, id - 1).size();
    while (stream.size() < bytes) {
      const Bytes more = receive(client.get());
      if (more.empty()) break;
      stream = concat(stream, more);
    }
    CHECK(stream.size() >= bytes && stream[1] == bytes - 2 && stream[9] == id);
    CHECK(opened(key, {stream.begin() + 2, stream.begin() + static_cast<std::ptrdiff_t>(bytes)}) == ipv4(1, 2, id - 1));
    stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(bytes));
  }
  CHECK(eventually([&] { return host.count(Counter::tcpPacketsSent) == 50; }));

  // A key at its end keeps no room from the next one.
  KeyMaterial exhausted = engine_key(1);
  exhausted.first_packet_id = 0xFFFFFFFF;
  host.engine.set_key(1, Slot::primary, exhausted);
  for (uint64_t i = 0; i <= 2 * FrameQueue::kDataFrames; ++i) {
    tun.write(ipv4(1, 2));
    CHECK(eventually([&] { return host.count(Counter::dropKeyExhausted) == i; }));
  }
  host.engine.set_key(1, Slot::primary, engine_key(0));
  tun.write(ipv4(1, 2));
  CHECK(eventually([&] { return host.count(Counter::tcpPacketsSent) == 52; }));

  const Client elsewhere;
  // The thread to which the kernel gives a datagram with this peer-id may be one that does not know the peer.
  elsewhere.send(host.server, seal(key, 1, ipv4(2, 1)));
  CHECK(eventually([&] { return host.count(Counter::dropWrongRemote) + host.count(Counter::dropUnknownPeer) == 1; }));
  CHECK(host.count(Counter::peersFloated) == 0);

  Bytes forged = seal(key, 1, ipv4(2, 1));
  forged.back() ^= 1;
  send_frame(forged);
  std::vector<StreamClosed> closed;
  CHECK(eventually([&] {
    for (const StreamClosed& one : host.engine.take(9).closed) closed.push_back(one);
    return !closed.empty();
  }));
  CHECK(closed.at(0).peer_id == 1u && closed[0].reason == CloseReason::bad_packet);
  tun.write(ipv4(1, 2));
  CHECK(eventually([&] { return host.count(Counter::dropUnknownStream) == 1; }));
  host.engine.delete_peer(1);
}

ENGINE_TEST("random datagrams, forged and authentic, do it no harm") {
  Host host(data_threads);
  const FakeTun tun = host.add_network(1);
  const Client client;
  host.add_peer(1, 1, client, 2);
  host.engine.set_keepalive(1, {1, 1});
  DataKey key(client_key(0));
  std::mt19937 random(99);
  const int total = 120000;
  for (int i = 0; i < total; ++i) {
    Bytes packet(random() % (i % 100 == 0 ? 2000 : 90));
    for (uint8_t& byte : packet) byte = static_cast<uint8_t>(random());
    const uint32_t kind = random() % 4;
    if (kind == 0) packet = seal(key, 1, concat({static_cast<uint8_t>(random() % 2 ? 0x45 : 0x60)}, packet));
    if (kind == 1 && packet.size() > 4) packet[0] = 0x48, packet[1] = packet[2] = 0, packet[3] = 1;
    if (kind == 2) tun.write(packet);
    client.send(host.server, packet);
    if (i % 64 != 0) continue;
    host.engine.take(4096);
    eventually([&] { return host.count(Counter::udpPacketsReceived) + 200 > static_cast<uint64_t>(i); });
  }
  CHECK(eventually([&] { return host.count(Counter::udpPacketsReceived) > total * 9 / 10; }));
  CHECK(host.count(Counter::dropBadTag) > 1000);
  CHECK(host.count(Counter::dropNotIp) > 1000);
  client.send(host.server, seal(key, 1, ipv4(2, 1)));
  Bytes packet;
  do packet = receive(tun.host_end.get());
  while (!packet.empty() && packet != ipv4(2, 1));
  CHECK(packet == ipv4(2, 1));
}

ENGINE_TEST("a stream that sends more control packets than there is room for loses none of them") {
  Host host(data_threads);
  const auto tcp = host.engine.listen(Transport::tcp, loopback(), false);
  const FileDescriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  connect(client.get(), tcp.local.data(), tcp.local.size());
  const size_t total = 20000;
  Bytes stream = concat(from_hex("0036"), concat({0x38}, Bytes(53)));
  for (size_t i = 1; i < total; ++i) {
    const Bytes frame = {
        0, 5, 0x20, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i), 0};
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  std::thread sender([&] { ::send(client.get(), stream.data(), stream.size(), 0); });
  CHECK(eventually([&] { return host.count(Counter::streamsHeldBack) == 1; }));
  CHECK(host.count(Counter::tcpPacketsReceived) == ControlQueue::kPacketsPerNewcomer);
  host.engine.admit_stream(1);
  size_t taken = 0;
  const bool all = eventually([&] {
    while (true) {
      const auto control = host.engine.take(256).control;
      if (control.empty()) break;
      for (const ControlPacket& packet : control) {
        CHECK(taken == 0 || read_number(std::span(packet.bytes).subspan(1, 3)) == taken);
        ++taken;
      }
    }
    return taken == total;
  });
  sender.join();
  CHECK(all && host.count(Counter::dropControlQueueFull) == 0);
}

ENGINE_TEST("a flood of packets does not keep verbs waiting, nor verbs the packets") {
  Host host(data_threads);
  const FakeTun tun = host.add_network(1);
  const Client client;
  host.add_peer(1, 1, client, 2);
  DataKey key(client_key(0));
  std::atomic<bool> done = false;
  std::vector<std::thread> floods;
  for (int i = 0; i < 2; ++i) {
    floods.emplace_back([&] {
      const Client stranger;
      while (!done) stranger.send(host.server, Bytes(60, 0x48));
    });
  }
  CHECK(eventually([&] { return host.count(Counter::udpPacketsReceived) > 1000; }));
  const auto start = std::chrono::steady_clock::now();
  for (uint32_t i = 0; i < 500; ++i) {
    host.engine.set_keepalive(1, {0, i});
    CHECK(host.engine.statistics(1).sent_packets == 0);
  }
  const auto verbs = std::chrono::steady_clock::now() - start;
  const uint64_t received = host.count(Counter::udpPacketsReceived);
  for (int i = 0; i < 2000; ++i) host.engine.statistics(1);
  CHECK(eventually([&] { return host.count(Counter::udpPacketsReceived) > received; }));
  done = true;
  for (std::thread& flood : floods) flood.join();
  CHECK(verbs < std::chrono::seconds(5));
  client.send(host.server, seal(key, 1, ipv4(2, 1)));
  CHECK(receive(tun.host_end.get()) == ipv4(2, 1));
}

ENGINE_TEST("may be stopped while its thread is at work and others call it no more") {
  for (int i = 0; i < 20; ++i) {
    Host host(data_threads);
    const Client client;
    for (int sent = 0; sent < 200; ++sent) client.send(host.server, Bytes(20, 0x38));
    std::thread stopper([&] { host.engine.stop(); });
    stopper.join();
    CHECK(code_of([&] { host.engine.statistics(1); }) == "engine-stopped");
    host.engine.take(256);
  }
}
