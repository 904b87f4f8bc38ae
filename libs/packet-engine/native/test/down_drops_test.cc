#include <fcntl.h>

#include "check.h"
#include "down_fixture.h"
#include "down_path.h"

using namespace down_fixture;

TEST("down path: every reason to drop a packet of the TUN device has its counter") {
  Setup path;
  path.write(ipv4(1, 9));
  const SuperPacket nowhere({.destination = 99}, 5000, 1000);
  path.write(nowhere.header, nowhere.packet);
  CHECK(path.forward());
  CHECK(path.count(Counter::dropNoRoute) == 6);
  path.write(Bytes(40, 0));
  const SuperPacket good(tcp(), 5000, 1000);
  path.write(good.header, Bytes(good.packet.begin(), good.packet.end() - 1));
  path.forward();
  CHECK(path.count(Counter::dropNotIp) == 2);
  VirtioHeader bad = good.header;
  bad.gso_type = kVirtioGsoTcp6;
  path.write(bad, good.packet);
  path.tun.write(Bytes(sizeof(VirtioHeader), 0));
  path.tun.write(Bytes(3, 0));
  path.forward();
  CHECK(path.count(Counter::dropBadVirtioHeader) == 3);
  path.write(make({.payload = kMaxInnerBytes}));
  const SuperPacket jumbo(tcp(), 40000, kMaxInnerBytes);
  path.write(jumbo.header, jumbo.packet);
  path.write(Bytes(70000, 0x45));
  path.forward();
  CHECK(path.count(Counter::dropTooLong) == 1 + jumbo.segments.size() + 1);
  path.peer().primary.reset();
  path.write(good.header, good.packet);
  path.forward();
  CHECK(path.count(Counter::dropNoKey) == 5);
  CHECK(path.kernel.calls == 0 && path.count(Counter::tunPacketsReceived) == 6 + 2 + 1 + 1 + 5 + 1 + 5);
}

TEST("down path: a key that is spent in the middle of a super-packet sends what came before") {
  Setup path;
  KeyMaterial material = engine_key(0);
  material.first_packet_id = 0xFFFFFFFD;
  path.peer().primary = std::make_unique<DataKey>(material);
  const SuperPacket super(tcp(), 5000, 1000);
  path.write(super.header, super.packet);
  path.forward();
  CHECK(path.arrive({super.segments.begin(), super.segments.begin() + 3}));
  CHECK(path.count(Counter::dropKeyExhausted) == 2 && path.count(Counter::udpPacketsSent) == 3);
  const auto events = path.upward.take(1).events;
  CHECK(events.size() == 1 && events.at(0).type == Event::Type::key_limit);
  CHECK(events.at(0).reason == LimitReason::packet_id);
}

TEST("down path: a read that fails for another reason says nothing about the device") {
  Setup host;
  std::vector<TunDevice> queues;
  // Read from, a directory gives an error that no device does.
  queues.emplace_back(FileDescriptor(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  host.networks.add(1, std::move(queues));
  CHECK(host.down.forward(host.networks.get(1)));
}

TEST("down path: a TUN device that was deleted is told from one that is empty") {
  Setup path;
  CHECK(path.forward());
  path.tun.host_end = FileDescriptor();
  CHECK(!path.forward());
}
