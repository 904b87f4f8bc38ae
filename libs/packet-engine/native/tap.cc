#include "tap.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "checksum.h"
#include "transport_packet.h"

namespace sallyport {

namespace {

constexpr uint8_t kTimeToLive = 64;
// What the statistics block at the end takes, which must always fit.
constexpr uint64_t kEndBytes = 52;
constexpr size_t kMaxHeaderBytes = kIpv6HeaderBytes + kUdpHeaderBytes;
// A writer that is woken for each packet would cost more than the packet.
constexpr size_t kWakeBytes = 64 * 1024;
constexpr auto kLinger = std::chrono::milliseconds(200);

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

bool is_ipv4(const EndPoint& end) { return end.family() == AF_INET || IN6_IS_ADDR_V4MAPPED(&end.as_ipv6().sin6_addr); }

// The last 4 bytes of a mapped address are the IPv4 address.
void copy_address(const EndPoint& end, std::span<uint8_t> out) {
  const auto* bytes = end.family() == AF_INET ? reinterpret_cast<const uint8_t*>(&end.as_ipv4().sin_addr)
                                              : end.as_ipv6().sin6_addr.s6_addr + (16 - out.size());
  std::copy_n(bytes, out.size(), out.begin());
}

// The headers of a datagram with `payload` bytes; its checksum is not that of a packet that was on a wire, so it is 0.
std::span<uint8_t> write_headers(const EndPoint& from, const EndPoint& to, size_t payload,
                                 std::span<uint8_t, kMaxHeaderBytes> out) {
  const bool ipv4 = is_ipv4(from);
  const size_t network = ipv4 ? kIpv4HeaderBytes : kIpv6HeaderBytes;
  const auto headers = out.first(network + kUdpHeaderBytes);
  std::fill(headers.begin(), headers.end(), 0);
  const auto udp_bytes = static_cast<uint32_t>(kUdpHeaderBytes + payload);
  if (ipv4) {
    headers[0] = 0x45;
    write_u16(headers, kIpv4TotalLength, static_cast<uint32_t>(kIpv4HeaderBytes) + udp_bytes);
    headers[8] = kTimeToLive;
    headers[kIpv4Protocol] = IPPROTO_UDP;
    copy_address(from, headers.subspan(kIpv4Addresses, 4));
    copy_address(to, headers.subspan(kIpv4Addresses + 4, 4));
    set_ipv4_checksum(headers, kIpv4HeaderBytes);
  } else {
    headers[0] = 0x60;
    write_u16(headers, kIpv6PayloadLength, udp_bytes);
    headers[kIpv6NextHeader] = IPPROTO_UDP;
    headers[kIpv6HopLimit] = kTimeToLive;
    copy_address(from, headers.subspan(kIpv6Addresses, 16));
    copy_address(to, headers.subspan(kIpv6Addresses + 16, 16));
  }
  write_u16(headers, network, from.port());
  write_u16(headers, network + 2, to.port());
  write_u16(headers, network + kUdpLength, udp_bytes);
  return headers;
}

}  // namespace

Tap::Tap(FileDescriptor file, TapSide side, uint64_t max_bytes)
    : file_(std::move(file)), side_(side), max_bytes_(max_bytes) {
  PcapngWriter(waiting_).begin(side == TapSide::inner ? "inner" : "outer");
  report_.file_bytes = waiting_.size();
  writer_ = std::thread([this] { write_out(); });
}

Tap::~Tap() {
  end();
  writer_.join();
}

void Tap::end() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true)) return;
    PcapngWriter(waiting_).end(now_ns(), report_.packets, report_.missed);
  }
  changed_.notify_one();
}

bool Tap::complete() const {
  const std::lock_guard lock(mutex_);
  return complete_;
}

void Tap::record_inner(Direction direction, std::span<const uint8_t> packet) {
  if (side_ == TapSide::inner) record(direction, packet, {});
}

void Tap::record_outer(Direction direction, const Path& path, std::span<const uint8_t> packet) {
  if (side_ != TapSide::outer) return;
  std::array<uint8_t, kMaxHeaderBytes> room;
  const bool sent = direction == Direction::to_peer;
  const auto headers =
      write_headers(sent ? path.local : path.remote, sent ? path.remote : path.local, packet.size(), std::span(room));
  record(direction, headers, packet);
}

void Tap::record(Direction direction, std::span<const uint8_t> head, std::span<const uint8_t> rest) {
  const size_t bytes = PcapngWriter::packet_bytes(head.size() + rest.size());
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    ++report_.packets;
    if (failed_ || waiting_.size() + bytes > kBufferBytes || report_.file_bytes + bytes + kEndBytes > max_bytes_) {
      ++report_.missed;
      return;
    }
    wake = waiting_.size() < kWakeBytes && waiting_.size() + bytes >= kWakeBytes;
    PcapngWriter(waiting_).packet(now_ns(), direction, head, rest);
    report_.file_bytes += bytes;
  }
  if (wake) changed_.notify_one();
}

TapReport Tap::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

// The writer's thread.

void Tap::write_out() {
  std::vector<uint8_t> batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait_for(lock, kLinger, [this] { return ended_ || waiting_.size() >= kWakeBytes; });
    const bool last = ended_;
    batch.clear();
    batch.swap(waiting_);
    lock.unlock();
    const bool written = write(batch);
    lock.lock();
    if (!written) failed_ = true;
    complete_ = last;
    if (last) return;
  }
}

bool Tap::write(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace sallyport
