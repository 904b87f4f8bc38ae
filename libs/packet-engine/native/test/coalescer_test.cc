#include "coalescer.h"

#include <sys/uio.h>

#include <random>

#include "check.h"
#include "packets.h"
#include "peer.h"
#include "random_flows.h"

using namespace sallyport;
using packets::Bytes;
using packets::make;
using packets::next;
using packets::Options;

namespace {

// What a device with this coalescer in front would send on: every item cut again.
std::vector<Bytes> through(Coalescer& coalescer, std::vector<Bytes> batch, size_t* items = nullptr) {
  coalescer.clear();
  for (Bytes& packet : batch) coalescer.add(nullptr, packet);
  std::vector<Bytes> out;
  for (const auto& item : coalescer.finish()) {
    if (items) ++*items;
    Bytes whole;
    for (const iovec& part : item.parts) {
      const auto* bytes = static_cast<const uint8_t*>(part.iov_base);
      whole.insert(whole.end(), bytes, bytes + part.iov_len);
    }
    std::vector<Bytes> segments = packets::cut(item.header, whole);
    CHECK(segments.size() == item.packets);
    for (Bytes& segment : segments) out.push_back(std::move(segment));
  }
  return out;
}

size_t items_of(std::vector<Bytes> batch) {
  Coalescer coalescer(64);
  for (Bytes& packet : batch) coalescer.add(nullptr, packet);
  return coalescer.finish().size();
}

template <class Change>
size_t items_when_second(Change change) {
  const Options first;
  Options second = next(first);
  change(second);
  return items_of({make(first), make(second)});
}

}  // namespace

TEST("coalescer: merges what follows in a flow") {
  for (const bool ipv6 : {false, true}) {
    for (const InnerProtocol transport : {InnerProtocol::tcp, InnerProtocol::udp}) {
      const Options first{.ipv6 = ipv6, .transport = transport};
      CHECK(items_of({make(first), make(next(first)), make(next(first, 2))}) == 1);
    }
  }
  CHECK(items_when_second([](Options& o) { o.payload = 60; }) == 1);
  CHECK(items_when_second([](Options& o) { o.flags |= kTcpPsh; }) == 1);
  CHECK(items_when_second([](Options& o) { o.identification -= 1; }) == 1);  // a sender that does not count
}

TEST("coalescer: leaves apart what Linux leaves apart") {
  CHECK(items_when_second([](Options& o) { o.sequence += 1; }) == 2);
  CHECK(items_when_second([](Options& o) { o.payload = 101; }) == 2);
  CHECK(items_when_second([](Options& o) { o.payload = 0; }) == 2);
  CHECK(items_when_second([](Options& o) { o.port = 1001; }) == 2);
  CHECK(items_when_second([](Options& o) { o.identification += 1; }) == 2);
  CHECK(items_when_second([](Options& o) { o.traffic_class = 3; }) == 2);  // congestion experienced
  CHECK(items_when_second([](Options& o) { o.hop_limit = 63; }) == 2);
  CHECK(items_when_second([](Options& o) { o.window = 501; }) == 2);
  CHECK(items_when_second([](Options& o) { o.dont_fragment = false; }) == 2);
  CHECK(items_when_second([](Options& o) { o.timestamps = true; }) == 2);
  CHECK(items_when_second([](Options& o) { o.transport = InnerProtocol::udp; }) == 2);
  CHECK(items_when_second([](Options& o) { o.ipv6 = true; }) == 2);
  for (const uint8_t flag : {kTcpSyn, kTcpRst, kTcpUrg, kTcpCwr, kTcpEce}) {
    CHECK(items_when_second([flag](Options& o) { o.flags |= flag; }) == 2);
  }
}

TEST("coalescer: nothing joins a packet that ends an item") {
  for (const uint8_t flag : {kTcpPsh, kTcpFin}) {
    Options first;
    first.flags |= flag;
    CHECK(items_of({make(first), make(next(first))}) == 2);
  }
  Options shorter = next({});
  shorter.payload = 60;
  Options third = next({}, 2);
  third.sequence -= 40;
  CHECK(items_of({make({}), make(shorter), make(third)}) == 2);
}

TEST("coalescer: a wrong checksum stays wrong, first or second") {
  Coalescer coalescer(64);
  for (const size_t wrong : {0, 1}) {
    std::vector<Bytes> batch = {make({}), make(next({}))};
    batch[wrong].back() ^= 1;
    CHECK(through(coalescer, batch) == batch);
  }
  Bytes unsummed = make({.transport = InnerProtocol::udp});
  write_u16(unsummed, 26, 0);
  CHECK(through(coalescer, {unsummed, unsummed}) == (std::vector<Bytes>{unsummed, unsummed}));
}

TEST("coalescer: fragments, options, other protocols and nonsense go as they are") {
  Bytes fragment = make({});
  write_u16(fragment, kIpv4Fragment, 0x2000);
  set_ipv4_checksum(fragment, 20);
  Bytes icmp = make({});
  icmp[kIpv4Protocol] = 1;
  const std::vector<Bytes> batch = {fragment, fragment, icmp, icmp, {}, {0x45}, Bytes(39, 0x60)};
  Coalescer coalescer(64);
  for (const Bytes& packet : batch) {
    coalescer.clear();
    Bytes copy = packet;
    coalescer.add(nullptr, copy);
    const auto items = coalescer.finish();
    CHECK(items.size() == 1 && items[0].header.gso_type == kVirtioGsoNone && items[0].header.flags == 0);
    CHECK(copy == packet);
  }
}

TEST("coalescer: a wrong header checksum stays wrong, first or second") {
  for (const size_t wrong : {0, 1}) {
    std::vector<Bytes> batch = {make({}), make(next({}))};
    batch[wrong][kIpv4Checksum] ^= 1;
    CHECK(items_of(batch) == 2);
  }
}

TEST("coalescer: nothing overtakes a fragment") {
  const Options datagram{.transport = InnerProtocol::udp};
  Bytes fragment = make(next(datagram));
  fragment[kIpv4Fragment] = 0x20;
  Coalescer coalescer(64);
  std::vector<Bytes> batch = {make(datagram), fragment, make(next(datagram, 1))};
  CHECK(items_of(batch) == 3);
  CHECK(through(coalescer, batch) == batch);
}

TEST("coalescer: packets of two peers stay apart, however much their flows look alike") {
  Peer one;
  Peer other;
  std::vector<Bytes> batch = {make({}), make({}), make(next({})), make(next({}))};
  Coalescer coalescer(64);
  for (size_t i = 0; i < batch.size(); ++i) coalescer.add(i % 2 == 0 ? &one : &other, batch[i]);
  const auto items = coalescer.finish();
  CHECK(items.size() == 2);
  CHECK(items[0].peer == &one && items[0].packets == 2 && items[0].bytes == 280);
  CHECK(items[1].peer == &other && items[1].packets == 2);
}

TEST("coalescer: makes only those super-packets that it may") {
  const auto items = [](InnerProtocol transport, Coalescer::Merge merge) {
    const Options first{.transport = transport};
    std::vector<Bytes> batch = {make(first), make(next(first))};
    Coalescer coalescer(64);
    for (Bytes& packet : batch) coalescer.add(nullptr, packet, merge);
    return coalescer.finish().size();
  };
  CHECK(items(InnerProtocol::tcp, Coalescer::Merge::none) == 2);
  CHECK(items(InnerProtocol::tcp, Coalescer::Merge::segments) == 1);
  CHECK(items(InnerProtocol::udp, Coalescer::Merge::segments) == 2);
  CHECK(items(InnerProtocol::udp, Coalescer::Merge::segments_and_datagrams) == 1);
}

TEST("coalescer: a super-packet comes apart into what it was made of") {
  for (const bool ipv6 : {false, true}) {
    for (const InnerProtocol transport : {InnerProtocol::tcp, InnerProtocol::udp}) {
      const Options first{.ipv6 = ipv6, .transport = transport, .payload = 101};
      Options last = next(first, 2);
      last.payload = 60;
      if (transport == InnerProtocol::tcp) last.flags |= kTcpPsh;
      const std::vector<Bytes> before = {make(first), make(next(first)), make(last)};
      std::vector<Bytes> batch = before;
      Coalescer coalescer(64);
      for (Bytes& packet : batch) coalescer.add(nullptr, packet);
      const auto items = coalescer.finish();
      CHECK(items.size() == 1);
      std::vector<Bytes> after;
      coalescer.split(items[0], [&](std::span<uint8_t> packet) { after.emplace_back(packet.begin(), packet.end()); });
      CHECK(after == before);
    }
  }
}

TEST("coalescer: an item stays below 64 KiB and below 64 datagrams") {
  std::vector<Bytes> batch;
  for (size_t index = 0; index < 64; ++index) {
    Options options;
    options.payload = 1400;
    batch.push_back(make(next(options, index)));
  }
  CHECK(items_of(batch) == 2);
  Coalescer coalescer(64);
  CHECK(through(coalescer, batch) == batch);
}

TEST("coalescer: what is cut again is what went in, and no flow changes its order") {
  std::mt19937 random(5);
  Coalescer coalescer(64);
  size_t merged = 0;
  for (int round = 0; round < 3000; ++round) {
    packets::RandomFlows flows(random);
    std::vector<Bytes> batch(1 + random() % 64);
    for (Bytes& packet : batch) packet = flows.next();
    size_t items = 0;
    const auto out = through(coalescer, batch, &items);
    merged += batch.size() - items;
    CHECK(out.size() == batch.size());
    CHECK(packets::by_flow(out) == packets::by_flow(batch));
  }
  CHECK(merged > 10000);
}
