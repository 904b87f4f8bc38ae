#include "inbox.h"

#include "fixture.h"
#include "host.h"
#include "neighbours.h"

using namespace fixture;

namespace {

Inbox::Item datagram(uint16_t port) {
  return {Inbox::Item::Kind::datagram, 3, 0, {}, {7, Transport::udp, loopback(port), loopback(2), 0}, 0};
}

bool rings(const Inbox& inbox) {
  pollfd ready{inbox.fd(), POLLIN, 0};
  return poll(&ready, 1, 0) == 1;
}

}  // namespace

TEST("inbox: gives back what it was given, in order, with whatever belongs to it") {
  Inbox inbox;
  CHECK(inbox.give(datagram(5), Bytes(1400, 1)) == Inbox::Given::first);
  const VirtioHeader header{kVirtioNeedsChecksum, kVirtioGsoTcp4, 40, 1400, 20, 16};
  CHECK(inbox.give({Inbox::Item::Kind::inner, 0, 9, header, {}, 0}, Bytes(65535, 2)) == Inbox::Given::another);
  CHECK(inbox.give(datagram(6), Bytes(0)) == Inbox::Given::another);
  size_t seen = 0;
  inbox.take([&](const Inbox::Item& item, std::span<uint8_t> packet) {
    CHECK(reinterpret_cast<uintptr_t>(packet.data()) % 64 == 0);
    if (seen == 0) CHECK(packet.size() == 1400 && packet[1399] == 1 && item.path == datagram(5).path && item.ecn == 3);
    if (seen == 1) CHECK(packet.size() == 65535 && packet[65534] == 2 && item.network == 9);
    if (seen == 1) CHECK(item.kind == Inbox::Item::Kind::inner && item.header.segment_bytes == 1400);
    if (seen == 2) CHECK(packet.empty() && item.path.remote.port() == 6);
    ++seen;
  });
  CHECK(seen == 3);
  inbox.take([&](const Inbox::Item&, std::span<uint8_t>) { ++seen; });
  CHECK(seen == 3);
  CHECK(inbox.give(datagram(5), Bytes(1)) == Inbox::Given::first);
}

TEST("inbox: refuses what it has no room for, and has room for as much again when it was emptied") {
  Inbox inbox;
  for (int round = 0; round < 3; ++round) {
    size_t given = 0;
    while (inbox.give(datagram(5), Bytes(1400, static_cast<uint8_t>(given))) != Inbox::Given::refused) ++given;
    CHECK(given > 1000 && given * 1400 < Inbox::kCapacityBytes);
    CHECK(inbox.give(datagram(5), Bytes(1400)) == Inbox::Given::refused);
    size_t seen = 0;
    inbox.take(
        [&](const Inbox::Item&, std::span<uint8_t> packet) { CHECK(packet[0] == static_cast<uint8_t>(seen++)); });
    CHECK(seen == given);
  }
}

TEST("inbox: a packet of a network that has gone belongs to no later one of that number") {
  Inbox inbox;
  inbox.give(datagram(5), Bytes(10));
  for (const uint32_t network : {0u, 1u, 2u}) inbox.give({Inbox::Item::Kind::inner, 0, network, {}, {}, 0}, Bytes(70));
  inbox.disown(0);
  inbox.disown(1);
  std::vector<uint32_t> networks;
  inbox.take([&](const Inbox::Item& item, std::span<uint8_t>) { networks.push_back(item.network); });
  CHECK(networks == (std::vector<uint32_t>{0, Inbox::kNoNetwork, Inbox::kNoNetwork, 2}));
}

TEST("neighbours: ring once for all that was given to an empty inbox, and count what finds no room") {
  Inboxes inboxes(3);
  Counters counters;
  Neighbours neighbours(inboxes, 0, counters);
  CHECK(neighbours.is_home_of(6) && !neighbours.is_home_of(7) && !neighbours.is_home_of(8));
  for (int i = 0; i < 10; ++i) neighbours.hand_datagram(7, datagram(5).path, Bytes(100));
  CHECK(!rings(inboxes.of(1)));
  neighbours.ring();
  CHECK(rings(inboxes.of(1)) && !rings(inboxes.of(0)) && !rings(inboxes.of(2)));
  inboxes.of(1).take([](const Inbox::Item&, std::span<uint8_t>) {});
  CHECK(!rings(inboxes.of(1)));
  neighbours.ring();
  CHECK(!rings(inboxes.of(1)) && counters.read(Counter::packetsHandedOver) == 10);
  neighbours.hand_inner(2, 1, {}, Bytes(100));
  while (counters.read(Counter::dropInboxFull) < 5) neighbours.hand_inner(2, 1, {}, Bytes(60000));
  neighbours.ring();
  CHECK(rings(inboxes.of(2)) && counters.read(Counter::dropInboxFull) == 5);
}
