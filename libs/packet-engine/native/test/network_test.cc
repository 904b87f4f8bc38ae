#include "network.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include "check.h"
#include "fixture.h"
#include "peer_table.h"

using namespace fixture;

namespace {

Peer peer_with(Network& network, uint32_t id, std::vector<InnerPrefix> routes) {
  Peer peer;
  peer.id = id;
  peer.network = &network;
  peer.routes = std::move(routes);
  return peer;
}

template <size_t kBytes>
bool inside(const Prefix<kBytes>& prefix, const std::array<uint8_t, kBytes>& address) {
  return Prefix<kBytes>{address, prefix.length}.masked() == prefix;
}

// One family of a network, and the same by a search through all prefixes.
template <size_t kBytes>
struct RouteModel {
  using Address = std::array<uint8_t, kBytes>;
  struct Known {
    Prefix<kBytes> prefix;
    uint32_t peer;
  };

  std::mt19937 random{11};
  Network network{0, one_queue()};
  PeerTable peers;
  std::vector<Known> known;

  // Few bits vary, so that prefixes overlap and addresses hit them.
  Address address() {
    Address made{};
    made[0] = kBytes == 4 ? 10 : 0xfd;
    made[1] = static_cast<uint8_t>(random() % 4);
    made[kBytes / 2] = static_cast<uint8_t>(random() % 4 << 6);
    made[kBytes - 1] = static_cast<uint8_t>(random() % 8);
    return made;
  }
  Prefix<kBytes> prefix() {
    return Prefix<kBytes>{address(), static_cast<uint8_t>(random() % (kBytes * 8 + 1))}.masked();
  }
  static IpHeader header(const Address& source, const Address& destination) {
    if constexpr (kBytes == 4) return Ipv4Header{source, destination};
    if constexpr (kBytes == 16) return Ipv6Header{source, destination};
  }

  bool taken(const Prefix<kBytes>& prefix) const {
    return std::any_of(known.begin(), known.end(), [&](const Known& other) { return other.prefix == prefix; });
  }
  const Known* longest(const Address& address) const {
    const Known* best = nullptr;
    for (const Known& candidate : known) {
      if (!inside(candidate.prefix, address)) continue;
      if (!best || candidate.prefix.length > best->prefix.length) best = &candidate;
    }
    return best;
  }

  void add(uint32_t id) {
    std::vector<InnerPrefix> routes;
    std::vector<Known> fresh;
    bool doubled = false;
    for (size_t i = random() % 4; i > 0; --i) {
      const Prefix<kBytes> chosen = prefix();
      doubled = doubled || taken(chosen);
      for (const Known& other : fresh) doubled = doubled || other.prefix == chosen;
      routes.push_back(chosen);
      fresh.push_back({chosen, id});
    }
    const std::string code = code_of([&] { peers.add(peer_with(network, id, routes)); });
    CHECK(code == (doubled ? "duplicate-route" : "none"));
    if (!doubled) known.insert(known.end(), fresh.begin(), fresh.end());
  }
  void remove(uint32_t id) {
    peers.remove(id);
    std::erase_if(known, [id](const Known& other) { return other.peer == id; });
  }
  void look() {
    const Address there = address();
    const Known* expected = longest(there);
    const Route* route = network.route(header(address(), there));
    CHECK((route != nullptr) == (expected != nullptr));
    CHECK(!route || (route->peer_id == expected->peer && route->peer->id == expected->peer));
    // Whoever would not get the answer is a forger.
    peers.for_each([&](const Peer& peer) {
      CHECK(network.may_send(peer, header(there, address())) == (expected && expected->peer == peer.id));
    });
  }
  void run() {
    for (int step = 0; step < 400; ++step) {
      const uint32_t id = random() % 30;
      if (peers.find(id)) {
        remove(id);
      } else {
        add(id);
      }
      for (int i = 0; i < 5; ++i) look();
    }
  }
};

}  // namespace

TEST("network: routes and refuses sources as a search through all IPv4 prefixes does") { RouteModel<4>().run(); }

TEST("network: routes and refuses sources as a search through all IPv6 prefixes does") { RouteModel<16>().run(); }

TEST("network: a peer's own address wins over another's route, and nobody else may use it") {
  Network network(0, one_queue());
  PeerTable peers;
  Peer roamer = peer_with(network, 1, {});
  roamer.ipv4 = Ipv4Address{10, 8, 0, 2};
  const Peer& one = peers.add(std::move(roamer));
  const Peer& site = peers.add(peer_with(network, 2, {Ipv4Prefix{{10, 8, 0, 0}, 16}, Ipv4Prefix{{0, 0, 0, 0}, 0}}));
  const auto from = [](uint8_t third, uint8_t fourth) {
    return IpHeader(Ipv4Header{{10, 8, third, fourth}, {192, 0, 2, 1}});
  };
  CHECK(network.may_send(one, from(0, 2)) && !network.may_send(site, from(0, 2)));
  CHECK(!network.may_send(one, from(0, 3)) && network.may_send(site, from(0, 3)));
  CHECK(network.route(Ipv4Header{{}, {10, 8, 0, 2}})->peer == &one);
  CHECK(network.route(Ipv4Header{{}, {203, 0, 113, 1}})->peer == &site);
  peers.remove(1);
  CHECK(network.may_send(site, from(0, 2)));
}

TEST("network: link-local addresses never pass, whatever the routes say") {
  Network network(0, one_queue());
  PeerTable peers;
  const Peer& peer = peers.add(peer_with(network, 1, {Ipv6Prefix{{}, 0}}));
  CHECK(network.may_send(peer, Ipv6Header{{0x20, 1}, {}}));
  CHECK(!network.may_send(peer, Ipv6Header{{0xfe, 0x80}, {}}));
}

TEST("network: that routes by source asks for the other end of every packet") {
  Network network(0, one_queue(), RouteBy::source);
  PeerTable peers;
  Peer client = peer_with(network, 1, {Ipv4Prefix{{192, 168, 0, 0}, 16}});
  client.ipv4 = Ipv4Address{10, 8, 0, 2};
  client.ipv6 = Ipv6Address{0xfd, 2};
  const Peer& peer = peers.add(std::move(client));
  const Ipv4Address own{10, 8, 0, 2};
  const Ipv4Address behind{192, 168, 1, 1};
  const Ipv4Address far{203, 0, 113, 1};
  for (const Ipv4Address& near : {own, behind}) {
    CHECK(network.route(Ipv4Header{near, far})->peer == &peer);
    CHECK(network.may_send(peer, Ipv4Header{far, near}));
    CHECK(network.route(Ipv4Header{far, near}) == nullptr);
    CHECK(!network.may_send(peer, Ipv4Header{near, far}));
  }
  CHECK(network.route(Ipv6Header{{0xfd, 2}, {0x20}})->peer == &peer);
  CHECK(network.may_send(peer, Ipv6Header{{0x20}, {0xfd, 2}}));
  CHECK(!network.may_send(peer, Ipv6Header{{0xfd, 2}, {0x20}}));
}

TEST("network: what is refused leaves nothing behind") {
  Network network(0, one_queue());
  PeerTable peers;
  peers.add(peer_with(network, 1, {Ipv4Prefix{{10, 1, 0, 0}, 16}}));
  Peer second = peer_with(network, 2, {Ipv4Prefix{{10, 2, 0, 0}, 16}, Ipv4Prefix{{10, 1, 0, 0}, 16}});
  second.ipv4 = Ipv4Address{10, 8, 0, 2};
  CHECK(code_of([&] { peers.add(std::move(second)); }) == "duplicate-route");
  CHECK(peers.find(2) == nullptr);
  CHECK(network.route(Ipv4Header{{}, {10, 2, 0, 1}}) == nullptr);
  CHECK(network.route(Ipv4Header{{}, {10, 8, 0, 2}}) == nullptr);
  CHECK(network.route(Ipv4Header{{}, {10, 1, 0, 1}})->peer_id == 1);
  Peer third = peer_with(network, 3, {});
  third.ipv4 = Ipv4Address{10, 8, 0, 2};
  peers.add(std::move(third));
  Peer fourth = peer_with(network, 4, {});
  fourth.ipv4 = Ipv4Address{10, 8, 0, 2};
  CHECK(code_of([&] { peers.add(std::move(fourth)); }) == "duplicate-address");
  CHECK(network.route(Ipv4Header{{}, {10, 8, 0, 2}})->peer_id == 3);
}
