#include "tap.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>
#include <ctime>

#include "check.h"
#include "checksum.h"
#include "fixture.h"
#include "packets.h"

using namespace fixture;

namespace {

// A file in memory that stays readable when the tap has closed its own descriptor.
struct File {
  FileDescriptor fd{memfd_create("tap", MFD_CLOEXEC)};

  FileDescriptor writable() const { return FileDescriptor(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }
  Bytes bytes() const {
    Bytes all(static_cast<size_t>(lseek(fd.get(), 0, SEEK_END)));
    CHECK(pread(fd.get(), all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()));
    return all;
  }
};

uint32_t word(const Bytes& bytes, size_t offset) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Block {
  uint32_t type;
  Bytes body;
};

// Reads a file by the rules of the format: type, length, body, the same length again; every length a multiple of 4.
std::vector<Block> blocks(const Bytes& file) {
  std::vector<Block> all;
  for (size_t offset = 0; offset < file.size();) {
    const uint32_t bytes = word(file, offset + 4);
    if (bytes < 12 || bytes % 4 != 0 || offset + bytes > file.size() || word(file, offset + bytes - 4) != bytes) {
      CHECK(!"a block that ends where it should");
      return all;
    }
    const auto begin = file.begin() + static_cast<long>(offset);
    all.push_back({word(file, offset), Bytes(begin + 8, begin + bytes - 4)});
    offset += bytes;
  }
  return all;
}

Bytes packet_of(const Block& block) {
  const uint32_t length = word(block.body, 12);
  return Bytes(block.body.begin() + 20, block.body.begin() + 20 + length);
}

Path path(const char* remote, const char* local) {
  return {0, sallyport::Transport::udp, *EndPoint::parse(remote, 40000), *EndPoint::parse(local, 1194), 0};
}

uint64_t statistic(const Block& block, size_t offset) {
  return word(block.body, offset) | uint64_t{word(block.body, offset + 4)} << 32;
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

TEST("tap: a disk that refuses or is slow costs packets of the file, and never waits") {
  TapReport report;
  {
    Tap tap(FileDescriptor(open("/dev/full", O_WRONLY | O_CLOEXEC)), TapSide::inner, UINT64_MAX);
    const Bytes packet = packets::make({.payload = 1400});
    for (int i = 0; i < 20'000; ++i) tap.record_inner(Direction::from_peer, packet);
    report = tap.report();
  }
  CHECK(report.packets == 20'000 && report.missed > 10'000);
}
