#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>

namespace sallyport {

// An address and port in the form in which one socket uses it: on an IPv6 socket an IPv4 peer is a mapped address. End
// points compare equal only when both are in the form of the same socket.
class EndPoint {
 public:
  static constexpr socklen_t kCapacity = sizeof(sockaddr_in6);

  EndPoint() = default;
  // Accepts a numeric address, IPv6 with an optional %zone; `nullopt` for anything else.
  static std::optional<EndPoint> parse(const std::string& address, uint16_t port);
  static EndPoint ipv4(const in_addr& address, uint16_t port);
  // The scope counts for a link-local address only; elsewhere 0 keeps equal addresses equal.
  static EndPoint ipv6(const in6_addr& address, uint16_t port, uint32_t scope);

  // This address as a socket of `family` uses it; `nullopt` when that socket cannot reach it.
  std::optional<EndPoint> for_family(int family) const;

  int family() const { return storage_.any.sa_family; }
  uint16_t port() const;
  // Numeric text, never a mapped address.
  std::string address() const;
  // 0.0.0.0 or ::, which stand for every local address.
  bool is_wildcard() const;
  // By `family`: one of these is meaningful.
  const sockaddr_in& as_ipv4() const { return storage_.v4; }
  const sockaddr_in6& as_ipv6() const { return storage_.v6; }

  const sockaddr* data() const { return &storage_.any; }
  // For system calls that fill in an address of at most kCapacity bytes.
  sockaddr* data() { return &storage_.any; }
  socklen_t size() const { return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }

  // The same number for all addresses that one host can give itself: those of an IPv6 /64 (RFC 4291 section 2.5.4), or
  // the one IPv4 address, mapped or not.
  uint64_t origin() const;

  bool operator==(const EndPoint& other) const;

 private:
  // The largest member comes first, because it is the one that `{}` sets to zero.
  union Storage {
    sockaddr_in6 v6;
    sockaddr_in v4;
    sockaddr any;
  };
  Storage storage_{};
};

}  // namespace sallyport
