#include "steering.h"

#include "bound_socket.h"
#include "host.h"

using namespace fixture;

namespace {

// The sockets of one port, told apart by who gets a datagram.
struct Group {
  std::vector<UdpSocket> sockets;
  Client client;

  explicit Group(const EndPoint& local, size_t count) {
    sockets.emplace_back(local, Dscp{}, Sharing::founder);
    while (sockets.size() < count) sockets.emplace_back(sockets[0].local(), Dscp{}, Sharing::member);
  }
  // -1 when nobody gets it.
  int receiver_of(const Bytes& datagram) const {
    client.send(loopback(sockets[0].local().port()), datagram);
    std::vector<pollfd> ready;
    for (const UdpSocket& socket : sockets) ready.push_back({socket.fd(), POLLIN, 0});
    if (poll(ready.data(), ready.size(), 2000) != 1) return -1;
    for (size_t i = 0; i < ready.size(); ++i) {
      uint8_t byte;
      if (ready[i].revents != 0 && recv(sockets[i].fd(), &byte, 1, 0) >= 0) return static_cast<int>(i);
    }
    return -1;
  }
};

Bytes data_packet(uint32_t peer_id, uint8_t key_id = 0) {
  return {static_cast<uint8_t>(0x48 | key_id), static_cast<uint8_t>(peer_id >> 16), static_cast<uint8_t>(peer_id >> 8),
          static_cast<uint8_t>(peer_id), 0x77};
}

}  // namespace

TEST("steering: a data packet goes to the socket of its peer-id, all else to the first, on each family") {
  for (const char* address : {"127.0.0.1", "::"}) {
    const Group group(*EndPoint::parse(address, 0), 3);
    CHECK(steer_by_peer_id(group.sockets[1].fd(), 3));
    for (const uint32_t id : {0u, 1u, 2u, 3u, 4u, 255u, 256u, 65537u, 0xfffffeu, 0xffffffu}) {
      CHECK(group.receiver_of(data_packet(id)) == static_cast<int>(id % 3));
      CHECK(group.receiver_of(data_packet(id, 7)) == static_cast<int>(id % 3));
    }
    for (const uint8_t opcode : {1, 4, 5, 6, 7, 8, 10, 31}) {
      CHECK(group.receiver_of({static_cast<uint8_t>(opcode << 3), 0, 0, 1, 0x77}) == 0);
    }
    for (const Bytes& runt : {Bytes{}, Bytes{0x48}, Bytes{0x48, 0, 0}}) CHECK(group.receiver_of(runt) == 0);
    CHECK(group.receiver_of({0x48, 0, 0, 1}) == 1);
  }
}

TEST("steering: a port that is shared is still nobody else's by accident") {
  const Group group(loopback(), 2);
  const EndPoint taken = group.sockets[0].local();
  CHECK(code_of([&] { UdpSocket(taken, Dscp{}, Sharing::none); }) == "port-in-use");
  CHECK(code_of([&] { UdpSocket(taken, Dscp{}, Sharing::founder); }) == "port-in-use");
  std::vector<Group> groups;
  std::vector<uint16_t> ports;
  for (int i = 0; i < 150; ++i) ports.push_back(groups.emplace_back(loopback(), 2).sockets[0].local().port());
  std::sort(ports.begin(), ports.end());
  CHECK(std::adjacent_find(ports.begin(), ports.end()) == ports.end());
}
