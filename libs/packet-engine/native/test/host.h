#pragma once

#include <vector>

#include "check.h"
#include "engine.h"
#include "fixture.h"

namespace fixture {

// A TUN device with a queue for each shard.
struct FakeTuns {
  std::vector<FakeTun> queues;

  explicit FakeTuns(size_t count) : queues(count) {}
  std::vector<TunDevice> engine_ends() {
    std::vector<TunDevice> ends;
    for (FakeTun& queue : queues) ends.emplace_back(std::move(queue.engine_end));
    return ends;
  }
  const FakeTun& operator[](size_t queue) const { return queues[queue]; }
};

// The whole engine on the loopback device, with socket pairs for TUN devices.
struct Host {
  Engine engine;
  EndPoint server = engine.listen(Transport::udp, loopback(), false).local;

  explicit Host(size_t data_threads = 1) : engine([] {}, {data_threads}) {}

  // A device of one queue, which the shards share.
  FakeTun add_network(uint32_t index) {
    FakeTun tun;
    engine.attach_network(index, one_queue(std::move(tun.engine_end)));
    return tun;
  }
  FakeTuns add_network(uint32_t index, size_t queues) {
    FakeTuns tuns(queues);
    engine.attach_network(index, tuns.engine_ends());
    return tuns;
  }
  void add_peer(uint32_t id, uint32_t network, const Client& client, uint8_t host,
                Cipher cipher = Cipher::aes_256_gcm) {
    engine.add_peer({id, network, path_to(client.socket.local()), Ipv4Address{10, 8, 0, host}, std::nullopt});
    engine.set_key(id, Slot::primary, engine_key(0, cipher));
  }
  Path path_to(const EndPoint& remote) const { return {0, Transport::udp, remote, server, 0}; }
  uint64_t count(Counter counter) const { return engine.counters().read(counter); }
};

}  // namespace fixture

// A test of the engine that holds however many data threads it has.
#define ENGINE_TEST(name)                                                                                          \
  static void CHECK_JOIN(test_, __LINE__)(size_t data_threads);                                                    \
  static const check::Registration CHECK_JOIN(register_one_, __LINE__)("engine: " name, [] {                       \
    CHECK_JOIN(test_, __LINE__)(1);                                                                                \
  });                                                                                                              \
  static const check::Registration CHECK_JOIN(register_three_, __LINE__)("engine, three data threads: " name, [] { \
    CHECK_JOIN(test_, __LINE__)(3);                                                                                \
  });                                                                                                              \
  static void CHECK_JOIN(test_, __LINE__)(size_t data_threads)
