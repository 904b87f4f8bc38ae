#include "keepalives.h"

#include <map>
#include <random>
#include <set>

#include "check.h"
#include "down_fixture.h"

using namespace fixture;

namespace {

const Bytes kPing = from_hex("2a187bf3641eb4cb07ed2d0a981fc748");

// Many peers by UDP, and a kernel that takes everything.
struct Crowd {
  Networks networks;
  PeerTable peers;
  Counters counters;
  UpwardQueue upward{[] {}};
  Epoll epoll;
  Listeners listeners;
  StreamTable streams{epoll, counters, upward};
  Outbox outbox{listeners, streams, counters, upward,
                [](int, mmsghdr*, unsigned count, int) { return static_cast<int>(count); }};
  Inboxes inboxes{1};
  Neighbours neighbours{inboxes, 0, counters};
  DownPath down{peers, outbox, counters, upward, neighbours};
  Keepalives keepalives{peers, down, upward};

  Crowd() {
    listeners.emplace_back(std::in_place_type<UdpSocket>, loopback());
    networks.add(0, one_queue());
  }
  Peer& add(uint32_t id) {
    Peer peer;
    peer.id = id;
    peer.network = &networks.get(0);
    peer.path = {0, Transport::udp, loopback(9), local_of(listeners[0]), 0};
    peer.ipv4 =
        Ipv4Address{10, static_cast<uint8_t>(id >> 16), static_cast<uint8_t>(id >> 8), static_cast<uint8_t>(id)};
    peer.primary = std::make_unique<DataKey>(engine_key(0));
    return peers.add(std::move(peer));
  }
  // A whole second, with all that it brings. Answers in how many parts that came.
  size_t pass_second() {
    size_t parts = 1;
    for (bool more = keepalives.tick(1); more; more = keepalives.go_on()) ++parts;
    return parts;
  }
  uint64_t pings() const { return counters.read(Counter::pingsSent); }
};

// What a scan over all peers would do in every second.
struct Model {
  struct Timers {
    Keepalive keepalive;
    uint64_t last_sent;
    uint64_t last_received;
    bool reported = false;
  };
  std::map<uint32_t, Timers> peers;
  uint64_t now = 0;

  std::set<uint32_t> pass_second() {
    std::set<uint32_t> timed_out;
    ++now;
    for (auto& [id, timers] : peers) {
      const Keepalive& keepalive = timers.keepalive;
      if (keepalive.interval != 0 && now - timers.last_sent >= keepalive.interval) timers.last_sent = now;
      if (keepalive.timeout == 0 || timers.reported || now - timers.last_received <= keepalive.timeout) continue;
      timers.reported = true;
      timed_out.insert(id);
    }
    return timed_out;
  }
};

}  // namespace

TEST("keepalives: an idle peer is pinged, a silent one is reported once") {
  down_fixture::Setup path;
  Keepalives keepalives(path.peers, path.down, path.upward);
  keepalives.set(path.peer(), {2, 3});
  keepalives.tick(1);
  CHECK(path.count(Counter::pingsSent) == 0);
  keepalives.tick(1);
  CHECK(path.count(Counter::pingsSent) == 1);
  CHECK(opened(path.opener, receive(path.client.socket.fd())) == kPing);
  keepalives.tick(1);
  path.peer().last_received_tick = path.peers.now();
  keepalives.tick(1);
  CHECK(path.count(Counter::pingsSent) == 2);
  keepalives.tick(2);
  CHECK(path.upward.take(1).events.empty());
  keepalives.tick(1);
  keepalives.tick(5);
  const auto batch = path.upward.take(1);
  CHECK(batch.events.size() == 1 && batch.events[0].type == Event::Type::peer_timeout);
  keepalives.set(path.peer(), {0, 3});
  keepalives.tick(4);
  CHECK(path.upward.take(1).events.size() == 1);
}

TEST("keepalives: a ping that did not leave is tried again in the next second") {
  down_fixture::Setup path;
  Keepalives keepalives(path.peers, path.down, path.upward);
  keepalives.set(path.peer(), {5, 0});
  path.kernel.refuse = [](const auto&) { return EPERM; };
  for (int second = 0; second < 8; ++second) keepalives.tick(1);
  CHECK(path.count(Counter::pingsSent) == 0 && path.count(Counter::dropSendFailed) == 4);
  path.kernel.refuse = [](const auto&) { return 0; };
  keepalives.tick(1);
  CHECK(path.count(Counter::pingsSent) == 1);
  path.peer().primary.reset();
  for (int second = 0; second < 20; ++second) keepalives.tick(1);
  CHECK(path.count(Counter::pingsSent) == 1 && path.count(Counter::dropNoKey) == 0);
}

TEST("keepalives: ten thousand peers that came at once are pinged in many parts of the same second") {
  Crowd crowd;
  for (uint32_t id = 0; id < 10000; ++id) crowd.keepalives.set(crowd.add(id), {10, 60});
  for (int second = 1; second < 10; ++second) CHECK(crowd.pass_second() == 1 && crowd.pings() == 0);
  bool more = crowd.keepalives.tick(1);
  CHECK(more && crowd.pings() <= 10000 / 64);
  size_t parts = 1;
  for (; more; more = crowd.keepalives.go_on()) ++parts;
  CHECK(crowd.pings() == 10000);
  // At 10 ms for each part it is over before the next second.
  CHECK(parts > 60 && parts < 80);
  // Nobody looks at a peer when it is not its time.
  CHECK(crowd.pass_second() == 1 && crowd.pings() == 10000);
}

TEST("keepalives: do in a long time and for many peers what a scan in every second would do") {
  Crowd crowd;
  Model model;
  std::mt19937 random(7);
  const auto keepalive = [&] {
    return Keepalive{random() % 4 == 0 ? 0 : 1 + static_cast<uint32_t>(random()) % 40,
                     random() % 4 == 0 ? 0 : 1 + static_cast<uint32_t>(random()) % 600};
  };
  const auto set = [&](uint32_t id) {
    const Keepalive chosen = keepalive();
    crowd.keepalives.set(crowd.peers.get(id), chosen);
    model.peers[id] = {chosen, model.now, model.now};
  };
  for (uint32_t id = 0; id < 10000; ++id) {
    crowd.add(id);
    set(id);
  }
  for (int second = 0; second < 700; ++second) {
    crowd.pass_second();
    const std::set<uint32_t> expected = model.pass_second();
    std::set<uint32_t> timed_out;
    for (const Event& event : crowd.upward.take(1).events) timed_out.insert(event.peer_id);
    CHECK(timed_out == expected);
    size_t different = 0;
    for (const auto& [id, timers] : model.peers) {
      different += crowd.peers.get(id).last_sent_tick != timers.last_sent;
    }
    CHECK(different == 0);
    for (int change = 0; change < 30; ++change) {
      const uint32_t id = random() % 10000;
      const bool there = model.peers.contains(id);
      switch (random() % 4) {
        case 0:
          if (there) crowd.peers.get(id).last_sent_tick = model.peers[id].last_sent = model.now;
          break;
        case 1:
          if (there) crowd.peers.get(id).last_received_tick = model.peers[id].last_received = model.now;
          break;
        case 2:
          if (there) set(id);
          break;
        case 3:
          if (there) {
            crowd.peers.remove(id);
            model.peers.erase(id);
          } else {
            crowd.add(id);
            set(id);
          }
          break;
      }
    }
  }
}

TEST("keepalives: after a long sleep everybody is looked at") {
  Crowd crowd;
  for (uint32_t id = 0; id < 1000; ++id) crowd.keepalives.set(crowd.add(id), {10 + id, 0});
  for (bool more = crowd.keepalives.tick(5000); more;) more = crowd.keepalives.go_on();
  CHECK(crowd.pings() == 1000);
}
