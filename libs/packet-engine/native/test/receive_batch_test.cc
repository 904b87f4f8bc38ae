#include "receive_batch.h"

#include <netinet/udp.h>

#include <cstring>

#include "check.h"
#include "fixture.h"

using namespace fixture;

namespace {

EndPoint loopback6() { return *EndPoint::parse("::1", 0); }

// Sends `bytes` with one call, cut by the kernel into datagrams of `segment_bytes` when that is not 0.
void send_cut(const UdpSocket& from, const EndPoint& to, Bytes bytes, uint16_t segment_bytes) {
  alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof segment_bytes)> control{};
  iovec vector{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_name = const_cast<sockaddr*>(to.data());
  header.msg_namelen = to.size();
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  if (segment_bytes != 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* message = CMSG_FIRSTHDR(&header);
    message->cmsg_level = IPPROTO_UDP;
    message->cmsg_type = UDP_SEGMENT;
    message->cmsg_len = CMSG_LEN(sizeof segment_bytes);
    std::memcpy(CMSG_DATA(message), &segment_bytes, sizeof segment_bytes);
  }
  CHECK(sendmsg(from.fd(), &header, 0) == static_cast<ssize_t>(bytes.size()));
}

void mark(const UdpSocket& socket, int traffic_class) {
  const bool ipv6 = socket.family() == AF_INET6;
  const int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
  CHECK(setsockopt(socket.fd(), level, ipv6 ? IPV6_TCLASS : IP_TOS, &traffic_class, sizeof traffic_class) == 0);
}

Bytes counted(size_t bytes) {
  Bytes all(bytes);
  for (size_t i = 0; i < bytes; ++i) all[i] = static_cast<uint8_t>(i * 7 + i / 251);
  return all;
}

struct Arrival {
  Bytes bytes;
  Path path;
  Ecn ecn;
};

// What one call gives.
std::vector<Arrival> receive_from(ReceiveBatch& batch, const UdpSocket& socket, size_t* messages = nullptr) {
  pollfd ready{socket.fd(), POLLIN, 0};
  poll(&ready, 1, 2000);
  const size_t count = batch.receive(socket, 3);
  if (messages) *messages = count;
  std::vector<Arrival> all;
  batch.for_each([&](const ReceiveBatch::Datagram& datagram) {
    all.push_back({{datagram.bytes.begin(), datagram.bytes.end()}, datagram.path, datagram.ecn});
  });
  return all;
}

}  // namespace

TEST("receive batch: datagrams that the kernel kept together come apart again, the last shorter or not") {
  const UdpSocket server(loopback());
  const Client client;
  ReceiveBatch batch;
  for (const size_t bytes : {1000UL * 40, 1000UL * 40 + 1, 1000UL * 39 + 999, 1001UL, 1000UL}) {
    const Bytes sent = counted(bytes);
    send_cut(client.socket, server.local(), sent, 1000);
    const auto received = receive_from(batch, server);
    Bytes together;
    for (size_t i = 0; i < received.size(); ++i) {
      if (i + 1 < received.size()) CHECK(received[i].bytes.size() == 1000);
      CHECK(received[i].path.remote == client.socket.local() && received[i].path.listener == 3);
      together = concat(together, received[i].bytes);
    }
    CHECK(received.size() == (bytes + 999) / 1000 && together == sent);
  }
}

TEST("receive batch: the longest aggregate there is arrives whole, with one call") {
  const UdpSocket server(loopback());
  const Client client;
  ReceiveBatch batch;
  const Bytes sent = counted(1400 * 46);
  send_cut(client.socket, server.local(), sent, 1400);
  size_t messages = 0;
  CHECK(receive_from(batch, server, &messages).size() == 46);
  CHECK(messages == 1);
}

TEST("receive batch: single, empty and long datagrams come one by one") {
  const UdpSocket server(loopback());
  const Client client;
  ReceiveBatch batch;
  for (const size_t bytes : {0UL, 1UL, 60'000UL}) {
    const Bytes sent = counted(bytes);
    send_cut(client.socket, server.local(), sent, 0);
    const auto received = receive_from(batch, server);
    CHECK(received.size() == 1 && received[0].bytes == sent);
  }
  CHECK(batch.receive(server, 3) == 0);
  batch.for_each([](const ReceiveBatch::Datagram&) { CHECK(!"nothing was received"); });
}

TEST("receive batch: says the congestion mark of each datagram, and does not put different ones together") {
  for (const bool ipv6 : {false, true}) {
    const UdpSocket server(ipv6 ? loopback6() : loopback());
    const UdpSocket client(ipv6 ? loopback6() : loopback());
    ReceiveBatch batch;
    for (const Ecn ecn : {Ecn::not_ect, Ecn::ect0, Ecn::ect1, Ecn::ce}) {
      mark(client, 0xb8 | static_cast<int>(ecn));
      send_cut(client, server.local(), counted(100), 0);
      const auto received = receive_from(batch, server);
      CHECK(received.size() == 1 && received[0].ecn == ecn);
    }
  }
}

TEST("receive batch: an IPv6 socket hears mark and address of an IPv4 datagram too") {
  const UdpSocket server(*EndPoint::parse("::", 0));
  const Client client;
  mark(client.socket, 3);
  ReceiveBatch batch;
  send_cut(client.socket, *EndPoint::parse("127.0.0.9", server.local().port()), counted(3000), 1000);
  const auto received = receive_from(batch, server);
  CHECK(received.size() == 3);
  for (const Arrival& datagram : received) {
    CHECK(datagram.ecn == Ecn::ce && datagram.path.local.address() == "127.0.0.9");
    CHECK(datagram.path.local.port() == server.local().port());
  }
}
