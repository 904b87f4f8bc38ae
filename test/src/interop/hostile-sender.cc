// hostile-sender FILE DESTINATION PORT NETWORK COUNT PER_SECOND SEED
//
// Sends the datagrams of FILE (hostile-datagrams.ts writes it) round and round at a steady rate, each from an address of
// its own in NETWORK (a /16) unless it names one, and prints how many left. Needs CAP_NET_RAW.

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <vector>

namespace {

constexpr size_t kBatch = 64;
constexpr size_t kHeadBytes = 9;
constexpr size_t kMaxBytes = 1472;
constexpr uint16_t kFirstPort = 1024;

struct Pattern {
  const uint8_t* bytes;
  size_t length;
  uint32_t source;
  uint16_t port;
  bool varies;
};

struct Packet {
  iphdr ip;
  udphdr udp;
  uint8_t bytes[kMaxBytes];
};

std::vector<uint8_t> read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("the file of datagrams cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

uint16_t read_u16(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]); }

std::vector<Pattern> read_patterns(const std::vector<uint8_t>& file) {
  std::vector<Pattern> patterns;
  for (size_t at = 0; at < file.size();) {
    const uint8_t* head = &file[at];
    Pattern pattern{head + kHeadBytes, read_u16(head + 7), 0, htons(read_u16(head + 4)), head[6] != 0};
    memcpy(&pattern.source, head, sizeof pattern.source);
    at += kHeadBytes + pattern.length;
    if (at > file.size()) throw std::runtime_error("the file of datagrams is cut off");
    patterns.push_back(pattern);
  }
  if (patterns.empty()) throw std::runtime_error("there are no datagrams");
  return patterns;
}

double seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void sleep_seconds(double seconds) {
  if (seconds <= 0) return;
  const timespec pause{0, static_cast<long>(seconds * 1e9)};
  nanosleep(&pause, nullptr);
}

class Sender {
 public:
  Sender(const char* destination, uint16_t port, const char* network, uint32_t seed)
      : raw_(socket(AF_INET, SOCK_RAW, IPPROTO_RAW)), plain_(socket(AF_INET, SOCK_DGRAM, 0)), random_(seed) {
    if (raw_ < 0 || plain_ < 0) throw std::runtime_error("no sockets");
    to_.sin_family = AF_INET;
    to_.sin_port = htons(port);
    in_addr first{};
    if (inet_pton(AF_INET, destination, &to_.sin_addr) != 1 || inet_pton(AF_INET, network, &first) != 1) {
      throw std::runtime_error("not an IPv4 address");
    }
    network_ = ntohl(first.s_addr);
    for (size_t i = 0; i < kBatch; ++i) {
      messages_[i] = {};
      vectors_[i] = {&packets_[i], 0};
      messages_[i].msg_hdr.msg_name = &to_;
      messages_[i].msg_hdr.msg_namelen = sizeof to_;
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  uint64_t sent() const { return sent_; }
  uint64_t refused() const { return refused_; }

  void add(const Pattern& pattern) {
    if (pattern.length > kMaxBytes) return send_fragmented(pattern);
    Packet& packet = packets_[filled_];
    const uint32_t draw = random_();
    const size_t bytes = sizeof packet.ip + sizeof packet.udp + pattern.length;
    packet.ip = {};
    packet.ip.version = 4;
    packet.ip.ihl = 5;
    packet.ip.ttl = 64;
    packet.ip.protocol = IPPROTO_UDP;
    packet.ip.tot_len = htons(static_cast<uint16_t>(bytes));
    packet.ip.saddr = pattern.source != 0 ? pattern.source : htonl(network_ | (draw & 0xffff));
    packet.ip.daddr = to_.sin_addr.s_addr;
    packet.udp = {};
    packet.udp.source = pattern.port != 0 ? pattern.port : htons(static_cast<uint16_t>(kFirstPort + (draw >> 17)));
    packet.udp.dest = to_.sin_port;
    packet.udp.len = htons(static_cast<uint16_t>(sizeof packet.udp + pattern.length));
    memcpy(packet.bytes, pattern.bytes, pattern.length);
    if (pattern.varies && pattern.length > 0) {
      const uint32_t place = random_();
      packet.bytes[(place >> 3) % pattern.length] ^= static_cast<uint8_t>(1u << (place & 7));
    }
    vectors_[filled_].iov_len = bytes;
    if (++filled_ == kBatch) flush();
  }

  void flush() {
    for (size_t next = 0; next < filled_;) {
      const int done = sendmmsg(raw_, &messages_[next], static_cast<unsigned>(filled_ - next), 0);
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) {
        ++refused_;
        ++next;
        continue;
      }
      sent_ += static_cast<uint64_t>(done);
      next += static_cast<size_t>(done);
    }
    filled_ = 0;
  }

 private:
  // The kernel does not fragment what a raw socket gives it.
  void send_fragmented(const Pattern& pattern) {
    const auto* to = reinterpret_cast<const sockaddr*>(&to_);
    const ssize_t done = sendto(plain_, pattern.bytes, pattern.length, 0, to, sizeof to_);
    ++(done < 0 ? refused_ : sent_);
  }

  int raw_;
  int plain_;
  sockaddr_in to_{};
  uint32_t network_;
  std::mt19937 random_;
  size_t filled_ = 0;
  uint64_t sent_ = 0;
  uint64_t refused_ = 0;
  std::array<Packet, kBatch> packets_;
  std::array<iovec, kBatch> vectors_;
  std::array<mmsghdr, kBatch> messages_;
};

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 8) throw std::runtime_error("seven arguments");
    const std::vector<uint8_t> file = read_file(arguments[1]);
    const std::vector<Pattern> patterns = read_patterns(file);
    const auto number = [arguments](int index) { return strtoull(arguments[index], nullptr, 10); };
    const uint64_t total = number(5);
    const double per_second = static_cast<double>(number(6));
    Sender sender(arguments[2], static_cast<uint16_t>(number(3)), arguments[4], static_cast<uint32_t>(number(7)));
    const double started = seconds_now();
    for (uint64_t made = 0; made < total; ++made) {
      if (made % kBatch == 0) sleep_seconds(started + static_cast<double>(made) / per_second - seconds_now() - 0.0005);
      sender.add(patterns[made % patterns.size()]);
    }
    sender.flush();
    printf("{\"sent\":%llu,\"refused\":%llu,\"seconds\":%.3f}\n", static_cast<unsigned long long>(sender.sent()),
           static_cast<unsigned long long>(sender.refused()), seconds_now() - started);
    return 0;
  } catch (const std::exception& error) {
    fprintf(stderr, "hostile-sender: %s\n", error.what());
    return 1;
  }
}
