#include <atomic>
#include <random>
#include <set>

#include "host.h"

using namespace fixture;

namespace {

// Has the kernel give datagrams to the shards by a hash again, as one without steering does.
void stop_steering(const EndPoint& server) {
  for (int fd = 3; fd < 1024; ++fd) {
    EndPoint local;
    socklen_t size = EndPoint::kCapacity;
    if (getsockname(fd, local.data(), &size) != 0 || !(local == server)) continue;
    const int unused = 0;
    setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused);
  }
}

// Peers 1 to `count` of network 1, at 10.8.0.(id + 1), each with its own client.
struct Crowd {
  Host host;
  FakeTuns tuns;
  std::vector<Client> clients;
  std::vector<DataKey> sealing;
  std::vector<DataKey> opening;

  Crowd(size_t data_threads, size_t count)
      : host(data_threads), tuns(host.add_network(1, data_threads)), clients(count) {
    for (uint32_t id = 1; id <= count; ++id) {
      host.add_peer(id, 1, client(id), inner(id));
      sealing.emplace_back(client_key(0));
      opening.emplace_back(client_key(0));
    }
  }
  const Client& client(uint32_t id) const { return clients[id - 1]; }
  static uint8_t inner(uint32_t id) { return static_cast<uint8_t>(id + 1); }
  void send(uint32_t id, size_t payload) {
    client(id).send(host.server, seal(sealing[id - 1], id, ipv4(inner(id), 1, payload)));
  }
  // The next packet that reaches the peer.
  Bytes arrived(uint32_t id) { return opened(opening[id - 1], receive(client(id).socket.fd())); }
};

}  // namespace

TEST("shards: each peer's packets come to its shard and leave by the shard's queue, untouched by the others") {
  Crowd crowd(3, 9);
  for (uint32_t id = 1; id <= 9; ++id) {
    for (size_t i = 0; i < 30; ++i) crowd.send(id, i);
    for (size_t i = 0; i < 30; ++i) {
      CHECK(receive(crowd.tuns[id % 3].host_end.get()) == ipv4(Crowd::inner(id), 1, i));
    }
    CHECK(eventually([&] { return crowd.host.engine.statistics(id).received_packets == 30; }));
  }
  CHECK(crowd.host.count(Counter::packetsHandedOver) == 0);
  CHECK(eventually([&] { return crowd.host.count(Counter::tunPacketsSent) == 270; }));
  CHECK(crowd.host.count(Counter::udpPacketsReceived) == 270);
}

TEST("shards: a packet from any queue reaches its peer, those of one queue in order") {
  Crowd crowd(3, 4);
  for (uint32_t id = 1; id <= 4; ++id) {
    for (size_t queue = 0; queue < 3; ++queue) {
      for (size_t i = 0; i < 50; ++i) crowd.tuns[queue].write(ipv4(1, Crowd::inner(id), i));
      for (size_t i = 0; i < 50; ++i) CHECK(crowd.arrived(id) == ipv4(1, Crowd::inner(id), i));
    }
    CHECK(eventually([&] { return crowd.host.engine.statistics(id).sent_packets == 150; }));
  }
  CHECK(crowd.host.count(Counter::packetsHandedOver) == 2 * 50 * 4);
  CHECK(eventually([&] { return crowd.host.count(Counter::udpPacketsSent) == 600; }));
  CHECK(crowd.host.count(Counter::tunPacketsReceived) == 600);
}

TEST("shards: without steering they hand datagrams over, and nothing is lost, reordered or counted twice") {
  Crowd crowd(3, 12);
  stop_steering(crowd.host.server);
  for (uint32_t id = 1; id <= 12; ++id) {
    for (size_t i = 0; i < 100; ++i) crowd.send(id, i);
    for (size_t i = 0; i < 100; ++i) {
      CHECK(receive(crowd.tuns[id % 3].host_end.get()) == ipv4(Crowd::inner(id), 1, i));
    }
  }
  const uint64_t handed = crowd.host.count(Counter::packetsHandedOver);
  CHECK(handed >= 100 && handed <= 1200 && handed % 100 == 0);
  CHECK(crowd.host.count(Counter::udpPacketsReceived) == 1200);
}

TEST("shards: a peer that floats stays in its shard, wherever the kernel takes its datagrams") {
  Crowd crowd(3, 1);
  stop_steering(crowd.host.server);
  size_t packet = 0;
  for (int move = 1; move <= 10; ++move) {
    crowd.clients[0] = Client();
    for (int i = 0; i < 20; ++i, ++packet) crowd.send(1, packet);
    for (size_t i = packet - 20; i < packet; ++i) CHECK(receive(crowd.tuns[1].host_end.get()) == ipv4(2, 1, i));
    CHECK(crowd.host.count(Counter::peersFloated) == static_cast<uint64_t>(move));
    crowd.tuns[2].write(ipv4(1, 2));
    CHECK(crowd.arrived(1) == ipv4(1, 2));
  }
  CHECK(crowd.host.count(Counter::packetsHandedOver) > 10);
}

TEST("shards: an id and an address belong to one peer, whichever shard it is in") {
  Crowd crowd(3, 4);
  Engine& engine = crowd.host.engine;
  const EndPoint tcp = engine.listen(Transport::tcp, loopback(), false).local;
  const Path stream{1, Transport::tcp, loopback(9), tcp, 77};
  const Path datagrams = crowd.host.path_to(loopback(9));
  CHECK(code_of([&] { engine.add_peer({4, 1, stream, Ipv4Address{10, 8, 0, 99}, {}}); }) == "duplicate-peer");
  engine.add_peer({5, 1, stream, Ipv4Address{10, 8, 0, 99}, {}});
  CHECK(code_of([&] { engine.add_peer({5, 1, datagrams, Ipv4Address{10, 8, 0, 98}, {}}); }) == "duplicate-peer");
  CHECK(code_of([&] { engine.add_peer({6, 1, datagrams, Ipv4Address{10, 8, 0, 2}, {}}); }) == "duplicate-address");
  engine.set_key(5, Slot::primary, engine_key(0));
  engine.delete_peer(5);
  CHECK(code_of([&] { engine.delete_peer(5); }) == "unknown-peer");
  engine.add_peer({5, 1, datagrams, Ipv4Address{10, 8, 0, 99}, {}});
  engine.remove_network(1);
  for (uint32_t id = 1; id <= 5; ++id) CHECK(code_of([&] { engine.statistics(id); }) == "unknown-peer");
}

namespace {

// Sends without rest what peers 1 to 6 and their network might send, over every socket and queue, until it goes.
class Storm {
 public:
  explicit Storm(Crowd& crowd) {
    threads_.emplace_back([this, &crowd] {
      std::mt19937 random(5);
      while (!done_) crowd.send(1 + random() % 6, random() % 200);
    });
    threads_.emplace_back([this, &crowd] {
      std::mt19937 random(6);
      while (!done_) crowd.tuns[random() % 3].write(ipv4(1, Crowd::inner(1 + random() % 6), random() % 200));
    });
    threads_.emplace_back([this, &crowd] {
      Bytes packet(65536);
      while (!done_) {
        for (const Client& client : crowd.clients) recv(client.socket.fd(), packet.data(), packet.size(), 0);
        for (const FakeTun& queue : crowd.tuns.queues) recv(queue.host_end.get(), packet.data(), packet.size(), 0);
      }
    });
  }
  ~Storm() {
    done_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> done_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST("shards: peers come, change keys and go while packets of all shards are on their way") {
  Crowd crowd(3, 6);
  stop_steering(crowd.host.server);
  Engine& engine = crowd.host.engine;
  {
    const Storm storm(crowd);
    for (int round = 0; round < 300; ++round) {
      for (uint32_t id = 4; id <= 6; ++id) {
        engine.set_key(id, Slot::secondary, engine_key(1));
        engine.swap_keys(id);
        engine.set_keepalive(id, {1, 2});
        engine.delete_key(id, Slot::secondary);
        engine.statistics(id);
        engine.delete_peer(id);
        crowd.host.add_peer(id, 1, crowd.client(id), Crowd::inner(id));
      }
      if (round % 10 == 0) crowd.host.add_network(2, 3), engine.remove_network(2);
      engine.counters();
      engine.cpu_seconds();
      engine.take(100);
    }
    CHECK(eventually([&] {
      const uint64_t received = engine.statistics(1).received_packets;
      const uint64_t sent = engine.statistics(2).sent_packets;
      return received > 100 && sent > 100;
    }));
  }
}

TEST("shards: may be stopped with packets of all of them on their way") {
  for (int round = 0; round < 10; ++round) {
    Crowd crowd(3, 6);
    const Storm storm(crowd);
    CHECK(eventually([&] { return crowd.host.count(Counter::tunPacketsReceived) > 50; }));
    crowd.host.engine.stop();
    CHECK(code_of([&] { crowd.host.engine.statistics(1); }) == "engine-stopped");
    CHECK(code_of([&] { crowd.host.engine.delete_peer(1); }) == "engine-stopped");
  }
}
