#include "tap.h"

#include <ctime>
#include <optional>
#include <thread>

#include "check.h"
#include "checksum.h"
#include "packets.h"
#include "tap_fixture.h"

using namespace tap_fixture;

namespace {

Path path(const char* remote, const char* local) {
  return {0, sallyport::Transport::udp, *EndPoint::parse(remote, 40000), *EndPoint::parse(local, 1194), 0};
}

}  // namespace

TEST("tap: a file has its section, its interface, each packet with time and direction, and the totals") {
  const File file;
  const Bytes one = packets::make({.payload = 13});
  {
    Tap tap(file.writable(), TapSide::inner, 1 << 20);
    tap.record_inner(Direction::from_peer, one);
    tap.record_inner(Direction::to_peer, one);
    CHECK(tap.report().packets == 2 && tap.report().missed == 0);
  }
  const auto all = blocks(file.bytes());
  CHECK(all.size() == 5);
  CHECK(all[0].type == 0x0a0d0d0a && word(all[0].body, 0) == 0x1a2b3c4d);
  CHECK(all[1].type == 1 && (word(all[1].body, 0) & 0xffff) == 101);
  CHECK(all[2].type == 6 && packet_of(all[2]) == one && packet_of(all[3]) == one);
  const uint64_t when = uint64_t{word(all[2].body, 4)} << 32 | word(all[2].body, 8);
  CHECK(when / 1'000'000'000 - static_cast<uint64_t>(time(nullptr)) + 5 < 10);
  const size_t flags = 20 + (one.size() + 3) / 4 * 4 + 4;
  CHECK(word(all[2].body, flags) == 1 && word(all[3].body, flags) == 2);
  CHECK(all[4].type == 5 && statistic(all[4], 16) == 2 && statistic(all[4], 28) == 0);
}

TEST("tap: an outer packet stands in the headers of its datagram, IPv4, mapped and IPv6") {
  const File file;
  const Bytes sealed(60, 0x48);
  {
    Tap tap(file.writable(), TapSide::outer, 1 << 20);
    tap.record_outer(Direction::from_peer, path("192.0.2.7", "192.0.2.1"), sealed);
    const Path mapped{0, sallyport::Transport::udp, *path("192.0.2.7", "192.0.2.1").remote.for_family(AF_INET6),
                      *path("192.0.2.7", "192.0.2.1").local.for_family(AF_INET6), 0};
    tap.record_outer(Direction::to_peer, mapped, sealed);
    tap.record_outer(Direction::to_peer, path("2001:db8::7", "2001:db8::1"), sealed);
  }
  const auto all = blocks(file.bytes());
  CHECK(all.size() == 6);
  const Bytes received = packet_of(all[2]);
  CHECK(received.size() == 28 + sealed.size() && fold(add_words(std::span(received).first(20))) == 0xffff);
  CHECK(read_u32(received, 12) == 0xc0000207 && read_u32(received, 16) == 0xc0000201);
  CHECK(read_u16(received, 20) == 40000 && read_u16(received, 22) == 1194 && read_u16(received, 24) == 68);
  CHECK(std::equal(sealed.begin(), sealed.end(), received.begin() + 28));
  const Bytes sent = packet_of(all[3]);
  CHECK(read_u32(sent, 12) == 0xc0000201 && read_u32(sent, 16) == 0xc0000207 && read_u16(sent, 20) == 1194);
  const Bytes ipv6 = packet_of(all[4]);
  CHECK(ipv6.size() == 48 + sealed.size() && ipv6[0] == 0x60 && read_u16(ipv6, 4) == 68 && ipv6[23] == 1);
}

TEST("tap: a full file takes no more packets and is whole all the same") {
  const File file;
  TapReport report;
  {
    Tap tap(file.writable(), TapSide::inner, 3000);
    for (int i = 0; i < 10; ++i) tap.record_inner(Direction::from_peer, packets::make({.payload = 500}));
    report = tap.report();
  }
  CHECK(report.packets == 10 && report.missed == 6);
  const auto all = blocks(file.bytes());
  CHECK(file.bytes().size() <= 3000 && all.size() == 2 + 4 + 1);
  CHECK(statistic(all.back(), 16) == 10 && statistic(all.back(), 28) == 6);
}

TEST("tap: a file is completed without anybody's waiting for the disk") {
  Disk disk;
  {
    Tap tap(disk.take(), TapSide::inner, 1 << 20);
    tap.record_inner(Direction::from_peer, packets::make({}));
    tap.end();
    CHECK(!tap.complete());
    disk.write();
    CHECK(eventually([&] { return tap.complete(); }));
  }
  const Bytes file = disk.written();
  CHECK(blocks(file).size() == 4 && blocks(file).back().type == 5);
}

TEST("tap: a disk that refuses costs packets of the file, and never waits") {
  TapReport report;
  {
    Tap tap(FileDescriptor(open("/dev/full", O_WRONLY | O_CLOEXEC)), TapSide::inner, UINT64_MAX);
    const Bytes packet = packets::make({.payload = 1400});
    for (int i = 0; i < 20'000; ++i) tap.record_inner(Direction::from_peer, packet);
    report = tap.report();
  }
  CHECK(report.packets == 20'000 && report.missed > 10'000);
}

TEST("tap: a disk that is slow costs packets of the file, and no more memory than a tap may have") {
  Disk disk;
  std::optional<Tap> tap;
  tap.emplace(disk.take(), TapSide::inner, UINT64_MAX);
  const Bytes packet = packets::make({.payload = 1400});
  for (int i = 0; i < 10'000; ++i) tap->record_inner(Direction::from_peer, packet);
  const TapReport report = tap->report();
  // What the writer has taken already, and what waits for it.
  CHECK((report.packets - report.missed) * packet.size() < 2 * Tap::kBufferBytes);
  Bytes file;
  std::thread reader([&] {
    disk.write();
    file = disk.written();
  });
  tap.reset();
  reader.join();
  CHECK(blocks(file).size() == 2 + report.packets - report.missed + 1);
}
