#include <atomic>
#include <chrono>
#include <deque>
#include <thread>

#include "host.h"
#include "tap_fixture.h"

using namespace tap_fixture;

namespace {

bool whole(const File& file) {
  return eventually([&] {
    const auto all = blocks(file.bytes());
    return !all.empty() && all.back().type == 5;
  });
}

}  // namespace

ENGINE_TEST("a tap has what its peer is sent and what comes from it, from its start to its stop") {
  Host host(data_threads);
  const FakeTun tun = host.add_network(1);
  const Client client, other;
  host.add_peer(1, 1, client, 2);
  host.add_peer(2, 1, other, 3);
  DataKey key(client_key(0));
  std::vector<Bytes> sealed;
  const auto exchange = [&](size_t payload) {
    tun.write(ipv4(1, 3, payload));
    receive(other.socket.fd());
    tun.write(ipv4(1, 2, payload));
    sealed = {receive(client.socket.fd()), seal(key, 1, ipv4(2, 1, payload))};
    client.send(host.server, sealed[1]);
    CHECK(receive(tun.host_end.get()) == ipv4(2, 1, payload));
  };
  for (const TapSide side : {TapSide::inner, TapSide::outer}) {
    const File file;
    exchange(1);
    host.engine.start_tap(1, file.writable(), side, 1 << 20);
    CHECK(code_of([&] { host.engine.start_tap(1, file.writable(), side, 1 << 20); }) == "duplicate-tap");
    exchange(2);
    const std::vector<Bytes> outer = sealed;
    const TapReport report = host.engine.stop_tap(1);
    CHECK(code_of([&] { host.engine.stop_tap(1); }) == "no-tap");
    exchange(3);
    CHECK(report.packets == 2 && report.missed == 0 && whole(file));
    const auto all = blocks(file.bytes());
    CHECK(all.size() == 5 && file.bytes().size() == report.file_bytes + 52);
    CHECK(direction_of(all.at(2)) == 2 && direction_of(all.at(3)) == 1);
    for (size_t i = 0; i < 2; ++i) {
      const Bytes packet = packet_of(all.at(2 + i));
      if (side == TapSide::inner) {
        CHECK(packet == (i == 0 ? ipv4(1, 2, 2) : ipv4(2, 1, 2)));
      } else {
        CHECK(Bytes(packet.begin() + 28, packet.end()) == outer[i]);
      }
    }
  }
}

ENGINE_TEST("the file of a peer that is deleted is completed, and so is that of a network that is removed") {
  Host host(data_threads);
  const FakeTun tun = host.add_network(1);
  const Client client;
  const std::array<File, 2> files;
  for (uint32_t peer = 1; peer <= 2; ++peer) {
    host.add_peer(peer, 1, client, static_cast<uint8_t>(peer));
    host.engine.start_tap(peer, files[peer - 1].writable(), TapSide::inner, 1 << 20);
  }
  host.engine.delete_peer(1);
  CHECK(whole(files[0]));
  host.engine.remove_network(1);
  CHECK(whole(files[1]));
  CHECK(code_of([&] { host.engine.start_tap(1, files[0].writable(), TapSide::inner, 1 << 20); }) == "unknown-peer");
}

TEST(
    "engine: neither the end of a tap nor that of its peer or network waits for the disk, until too many files wait "
    "for it") {
  std::deque<Disk> disks;
  Host host;
  const FakeTun tun = host.add_network(0);
  const Client client;
  const auto start = [&](uint32_t peer) {
    host.engine.start_tap(peer, disks.emplace_back().take(), TapSide::inner, 1 << 20);
  };
  for (uint32_t peer = 1; peer <= 3; ++peer) {
    host.add_peer(peer, 0, client, static_cast<uint8_t>(peer));
    start(peer);
  }
  CHECK(host.engine.stop_tap(1).packets == 0);
  host.engine.delete_peer(2);
  for (int i = 0; i < 13; ++i) {
    start(1);
    host.engine.stop_tap(1);
  }
  host.engine.remove_network(0);
  const FakeTun other = host.add_network(0);
  host.add_peer(1, 0, client, 1);
  start(1);
  std::atomic<bool> writing = false;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    writing = true;
    disks.front().write();
  });
  // Waits for the oldest.
  host.engine.stop_tap(1);
  CHECK(writing);
  later.join();
  for (Disk& disk : disks) disk.write();
  host.engine.stop();
  for (Disk& disk : disks) CHECK(blocks(disk.written()).size() == 3);
}
