#pragma once

#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "classic_format.h"
#include "down_path.h"
#include "fixture.h"
#include "networks.h"
#include "packets.h"

namespace down_fixture {

using namespace fixture;
using packets::cut;
using packets::header_for;
using packets::make;

inline constexpr uint32_t kPeer = 0x010002;
inline constexpr uint32_t kOther = 7;
// What sealing adds to a packet with the key of `Setup`.
inline constexpr size_t kOverhead = ClassicFormat::kOverheadBytes;

inline packets::Options tcp(bool ipv6 = false) {
  packets::Options options{.ipv6 = ipv6, .sequence = 0xfffff000, .timestamps = true};
  options.flags = kTcpAck | kTcpPsh;
  return options;
}
inline packets::Options udp(bool ipv6 = false) { return {.ipv6 = ipv6, .transport = InnerProtocol::udp}; }

// The kernel as it sends messages, or refuses them for a reason of the test's.
struct Kernel {
  struct Message {
    EndPoint to;
    size_t bytes;
    // 0 when the message is one datagram.
    size_t cut_into = 0;
    int traffic_class = -1;

    size_t datagrams() const { return cut_into == 0 ? 1 : (bytes + cut_into - 1) / cut_into; }
  };

  // An errno, or 0.
  std::function<int(const Message& message)> refuse = [](const Message&) { return 0; };
  std::vector<Message> taken;
  size_t calls = 0;

  int send(int fd, mmsghdr* messages, unsigned count, int flags) {
    ++calls;
    for (unsigned i = 0; i < count; ++i) {
      const Message message = read(messages[i].msg_hdr);
      int error = refuse(message);
      if (error == 0 && sendmmsg(fd, &messages[i], 1, flags) != 1) error = errno;
      if (error == 0) {
        taken.push_back(message);
        continue;
      }
      errno = error;
      return i == 0 ? -1 : static_cast<int>(i);
    }
    return static_cast<int>(count);
  }

  static Message read(msghdr& header) {
    Message message{{}, 0};
    std::memcpy(static_cast<void*>(message.to.data()), header.msg_name, header.msg_namelen);
    for (size_t i = 0; i < header.msg_iovlen; ++i) message.bytes += header.msg_iov[i].iov_len;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
      uint16_t cut_into = 0;
      if (part->cmsg_level == IPPROTO_UDP) std::memcpy(&cut_into, CMSG_DATA(part), sizeof cut_into);
      if (part->cmsg_level == IPPROTO_UDP) message.cut_into = cut_into;
      const bool ipv4_class = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TOS;
      const bool ipv6_class = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_TCLASS;
      if (ipv4_class || ipv6_class) std::memcpy(&message.traffic_class, CMSG_DATA(part), sizeof(int));
    }
    return message;
  }
};

// The way down without its thread: one peer, 10.8.0.1 and fd00::1, with a primary key 0, by UDP. The TUN device gives
// virtio headers.
struct Setup {
  Networks networks;
  PeerTable peers;
  Counters counters;
  UpwardQueue upward{[] {}};
  Epoll epoll;
  Listeners listeners;
  StreamTable streams{epoll, counters, upward};
  Kernel kernel;
  Outbox outbox{listeners, streams, counters, upward, [this](int fd, mmsghdr* messages, unsigned count, int flags) {
                  return kernel.send(fd, messages, count, flags);
                }};
  Inboxes inboxes{1};
  Neighbours neighbours{inboxes, 0, counters};
  DownPath down{peers, outbox, counters, upward, neighbours};
  FakeTun tun;
  Client client;
  Client other;
  DataKey opener{client_key(0)};

  explicit Setup(const EndPoint& local = loopback(), const Dscp& dscp = {}, bool virtio = true) {
    const int room = 4 * 1024 * 1024;
    setsockopt(tun.host_end.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    listeners.emplace_back(std::in_place_type<UdpSocket>, local, dscp);
    std::vector<TunDevice> queues;
    queues.emplace_back(std::move(tun.engine_end), virtio, virtio ? TunOffload::tcp_udp : TunOffload::none);
    networks.add(0, std::move(queues));
    Peer& peer = add_peer(kPeer, client.socket.local(), 1);
    peer.ipv6 = Ipv6Address{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    networks.get(0).remove_routes(peer);
    networks.get(0).add_routes(peer, 0);
  }
  Peer& add_peer(uint32_t id, const EndPoint& remote, uint8_t host) {
    const UdpSocket& socket = std::get<UdpSocket>(listeners[0]);
    Peer peer;
    peer.id = id;
    peer.network = &networks.get(0);
    peer.path = {0, Transport::udp, *remote.for_family(socket.family()), socket.local(), 0};
    peer.ipv4 = Ipv4Address{10, 8, 0, host};
    peer.primary = std::make_unique<DataKey>(engine_key(0));
    return peers.add(std::move(peer));
  }
  Peer& add_other() { return add_peer(kOther, other.socket.local(), kOther); }

  void write(const VirtioHeader& header, const Bytes& packet) const {
    Bytes bytes(sizeof header);
    std::memcpy(bytes.data(), &header, sizeof header);
    tun.write(concat(bytes, packet));
  }
  void write(const Bytes& packet) const { write({}, packet); }
  bool forward() { return down.forward(networks.get(0)); }
  uint64_t count(Counter counter) const { return counters.read(counter); }
  Peer& peer() { return peers.get(kPeer); }

  // Whether exactly these packets come out at the client, in order, with packet ids one behind the other.
  bool arrive(const std::vector<Bytes>& packets, const Client& at, DataKey& key) const {
    uint64_t last_id = 0;
    for (const Bytes& expected : packets) {
      const Bytes datagram = receive(at.socket.fd());
      if (datagram.size() < kHeaderBytes + 4 || opened(key, datagram) != expected) return false;
      const uint32_t id = read_u32(datagram, kHeaderBytes);
      if (last_id != 0 && id != last_id + 1) return false;
      last_id = id;
    }
    return nothing_at(at);
  }
  bool arrive(const std::vector<Bytes>& packets) { return arrive(packets, client, opener); }
  static bool nothing_at(const Client& client) {
    uint8_t byte;
    return recv(client.socket.fd(), &byte, 1, MSG_DONTWAIT) < 0;
  }
};

// A super-packet as a TUN device gives it, and the packets that it stands for.
struct SuperPacket {
  Bytes packet;
  VirtioHeader header;
  std::vector<Bytes> segments;

  SuperPacket(packets::Options options, size_t payload, uint16_t segment_payload) {
    options.payload = payload;
    packet = make(options);
    packets::open_checksum(packet);
    const bool tcp = options.transport == InnerProtocol::tcp;
    const uint8_t tcp_type = options.ipv6 ? kVirtioGsoTcp6 : kVirtioGsoTcp4;
    header = header_for(packet, tcp ? tcp_type : kVirtioGsoUdp, segment_payload);
    segments = cut(header, packet);
  }
};

inline std::vector<Bytes> operator+(std::vector<Bytes> first, const std::vector<Bytes>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace down_fixture
