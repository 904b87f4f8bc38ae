#include "peer_table.h"

#include <string>

#include "check.h"
#include "failure.h"

using namespace sallyport;

namespace {

constexpr uint32_t kPeer = 0x010002;

}  // namespace

TEST("peer table: refuses what exists, forgets a network with its peers") {
  PeerTable peers;
  peers.add_network(0, TunDevice(FileDescriptor()));
  const auto code = [](const std::function<void()>& body) -> std::string {
    try {
      body();
      return "none";
    } catch (const Failure& failure) {
      return failure.code();
    }
  };
  const auto peer = [&](uint32_t id, uint32_t network, uint8_t host) {
    Peer made;
    made.id = id;
    made.network = &peers.get_network(network);
    made.ipv4 = Ipv4Address{10, 8, 0, host};
    return made;
  };
  peers.add(peer(kPeer, 0, 2));
  peers.add_network(1, TunDevice(FileDescriptor()));
  CHECK(code([&] { peers.add_network(1, TunDevice(FileDescriptor())); }) == "duplicate-network");
  CHECK(code([&] { peers.add(peer(kPeer, 0, 9)); }) == "duplicate-peer");
  CHECK(code([&] { peers.add(peer(9, 0, 2)); }) == "duplicate-address");
  CHECK(code([&] { peers.add(peer(9, 1, 2)); }) == "none");
  CHECK(code([&] { peers.remove(77); }) == "unknown-peer");
  peers.remove_network(0);
  CHECK(peers.find(kPeer) == nullptr);
  CHECK(peers.find(9) != nullptr);
  CHECK(code([&] { peers.get_network(0); }) == "unknown-network");
}
