#pragma once

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "engine.h"
#include "hex.h"
#include "refusal.h"

namespace fixture {

using namespace sallyport;

inline const Bytes kKeyA(32, 0xA1);
inline const Bytes kKeyB(32, 0xB2);
inline const Bytes kIvA(8, 0xC3);
inline const Bytes kIvB(8, 0xD4);

inline KeyMaterial engine_key(uint8_t key_id, Cipher cipher = Cipher::aes_256_gcm) {
  return {cipher, key_id, kKeyA, kIvA, kKeyB, kIvB};
}
inline KeyMaterial client_key(uint8_t key_id, Cipher cipher = Cipher::aes_256_gcm) {
  return {cipher, key_id, kKeyB, kIvB, kKeyA, kIvA};
}

// Whether there can be no such key, because of the length of one of its parts.
inline bool refuses(const KeyMaterial& material) {
  return code_of([&] { const DataKey key(material); }) == "bad-key-length";
}

// The smallest IPv4 packet from 10.8.0.`source` to 10.8.0.`destination`, with `payload` bytes behind the header.
inline Bytes ipv4(uint8_t source, uint8_t destination, size_t payload = 12) {
  const size_t total = 20 + payload;
  Bytes packet = from_hex(
      "450000000000000040fd0000"
      "0a080000"
      "0a080000");
  packet[2] = static_cast<uint8_t>(total >> 8);
  packet[3] = static_cast<uint8_t>(total);
  packet[15] = source;
  packet[19] = destination;
  packet.resize(total, 0x5a);
  return packet;
}

inline EndPoint loopback(uint16_t port = 0) { return *EndPoint::parse("127.0.0.1", port); }

inline Bytes seal(DataKey& key, uint32_t peer_id, const Bytes& text) {
  Bytes buffer(kBufferBytes);
  PacketBuffer packet(buffer.data());
  std::copy(text.begin(), text.end(), packet.room().begin());
  packet.set_text(text.size());
  if (key.seal(peer_id, packet) != Sealed::ok) return {};
  return {packet.bytes().begin(), packet.bytes().end()};
}

inline Bytes opened(DataKey& key, Bytes packet) {
  const Opened opened = key.open(packet);
  if (opened.result != Opened::Result::ok) return {};
  return {opened.text.begin(), opened.text.end()};
}

inline Opened::Result result_of(DataKey& key, Bytes packet) { return key.open(packet).result; }

// Waits up to two seconds for one packet; empty when none came.
inline Bytes receive(int fd) {
  pollfd ready{fd, POLLIN, 0};
  if (poll(&ready, 1, 2000) <= 0) return {};
  Bytes packet(65536);
  const ssize_t bytes = recv(fd, packet.data(), packet.size(), 0);
  packet.resize(bytes > 0 ? static_cast<size_t>(bytes) : 0);
  return packet;
}

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 400; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// A socket pair that keeps packet boundaries stands for a TUN device.
struct FakeTun {
  FileDescriptor engine_end;
  FileDescriptor host_end;

  FakeTun() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) throw errno;
    engine_end = FileDescriptor(ends[0]);
    host_end = FileDescriptor(ends[1]);
  }
  void write(const Bytes& packet) const { ::send(host_end.get(), packet.data(), packet.size(), 0); }
};

// The queues of a device that has one.
inline std::vector<TunDevice> one_queue(FileDescriptor descriptor = {}) {
  std::vector<TunDevice> queues;
  queues.emplace_back(std::move(descriptor));
  return queues;
}

// A client on the loopback device.
struct Client {
  UdpSocket socket{loopback()};

  // Datagrams come one at a time, as to a client that knows no better.
  Client() {
    const int off = 0;
    setsockopt(socket.fd(), IPPROTO_UDP, UDP_GRO, &off, sizeof off);
  }
  void send(const EndPoint& to, const Bytes& bytes) const {
    socket.send({0, Transport::udp, to, socket.local(), 0}, bytes);
  }
};

}  // namespace fixture
