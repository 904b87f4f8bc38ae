#pragma once

#include <cstring>
#include <functional>
#include <vector>

#include "delivery.h"
#include "fixture.h"
#include "neighbours.h"
#include "networks.h"
#include "packets.h"
#include "up_path.h"

namespace up_fixture {

using namespace fixture;
using packets::make;
using packets::next;
using packets::Options;

inline constexpr uint32_t kPeer = 0x010002;
inline const Bytes kPingText = from_hex("2a187bf3641eb4cb07ed2d0a981fc748");

// The way up without its thread: one peer, 10.8.0.2 and fd00::2, with a primary key 0, by UDP.
struct Setup {
  Networks networks;
  PeerTable peers;
  Counters counters;
  UpwardQueue upward{[] {}};
  Listeners listeners;
  Inboxes inboxes{1};
  Neighbours neighbours{inboxes, 0, counters};
  // Of each write: an errno, or 0 to let it pass.
  std::function<int(const VirtioHeader& header, std::span<const iovec> parts)> refuse = [](auto&, auto) { return 0; };
  Delivery delivery{counters, upward, 0,
                    [this](const TunDevice& device, const VirtioHeader& header, std::span<const iovec> parts) {
                      errno = refuse(header, parts);
                      return errno == 0 && device.write(header, parts);
                    }};
  UpPath up{peers, delivery, counters, upward, neighbours};
  FakeTun tun;
  Client client;
  DataKey sender{client_key(0)};
  bool virtio;

  explicit Setup(TunOffload offload = TunOffload::none) : virtio(offload != TunOffload::none) {
    listeners.emplace_back(std::in_place_type<UdpSocket>, loopback());
    add_network(0, std::move(tun.engine_end), offload);
    add_peer(kPeer, client.socket.local(), 2);
  }
  void add_network(uint32_t index, FileDescriptor device, TunOffload offload) {
    const int room = 16 * 1024 * 1024;
    setsockopt(device.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    std::vector<TunDevice> queues;
    queues.emplace_back(std::move(device), offload != TunOffload::none, offload);
    networks.add(index, std::move(queues));
  }
  Path from(const EndPoint& remote) const {
    return {0, Transport::udp, remote, std::get<UdpSocket>(listeners[0]).local(), 0};
  }
  Peer& add_peer(uint32_t id, const EndPoint& remote, uint8_t host, uint32_t network = 0) {
    Peer peer;
    peer.id = id;
    peer.network = &networks.get(network);
    peer.path = from(remote);
    peer.ipv4 = Ipv4Address{10, 8, 0, host};
    peer.ipv6 = Ipv6Address{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host};
    peer.primary = std::make_unique<DataKey>(engine_key(0));
    return peers.add(std::move(peer));
  }

  // A batch of one.
  void receive(Bytes bytes) { receive_at(client.socket.local(), std::move(bytes)); }
  void receive_at(const EndPoint& remote, Bytes bytes, Ecn ecn = Ecn::not_ect) {
    up.receive({from(remote), bytes, ecn});
    up.flush();
  }
  // A whole batch.
  void receive_batch(std::vector<Bytes> batch) {
    const Path path = from(client.socket.local());
    for (Bytes& bytes : batch) up.receive({path, bytes});
    up.flush();
  }
  Bytes sealed(const Bytes& text) { return seal(sender, kPeer, text); }

  // Each write of the engine that has not been taken, with its virtio header.
  struct Write {
    VirtioHeader header;
    Bytes packet;
  };
  std::vector<Write> writes() const { return writes_to(tun.host_end); }
  std::vector<Write> writes_to(const FileDescriptor& end) const {
    std::vector<Write> all;
    Bytes room(70'000);
    for (;;) {
      const ssize_t bytes = recv(end.get(), room.data(), room.size(), MSG_DONTWAIT);
      if (bytes <= 0) return all;
      Write write{{}, {}};
      const size_t header_bytes = virtio ? sizeof write.header : 0;
      std::memcpy(&write.header, room.data(), header_bytes);
      write.packet.assign(room.begin() + static_cast<std::ptrdiff_t>(header_bytes), room.begin() + bytes);
      all.push_back(std::move(write));
    }
  }
  // What a host would see of them.
  std::vector<Bytes> delivered() const {
    std::vector<Bytes> all;
    for (const Write& write : writes()) {
      for (Bytes& packet : packets::cut(write.header, write.packet)) all.push_back(std::move(packet));
    }
    return all;
  }

  uint64_t count(Counter counter) const { return counters.read(counter); }
  Peer& peer() { return peers.get(kPeer); }
};

}  // namespace up_fixture
