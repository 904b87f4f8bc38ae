#include "end_point.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>

#include <cstring>
#include <span>

#include "big_endian.h"

namespace sallyport {

namespace {
constexpr size_t kMappedPrefixBytes = 12;
// A multicast prefix, which nobody sends from.
constexpr uint64_t kIpv4Origin = uint64_t{0xffffffff} << 32;
}  // namespace

std::optional<EndPoint> EndPoint::parse(const std::string& address, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  EndPoint end_point;
  if (found->ai_addrlen <= kCapacity) std::memcpy(&end_point.storage_, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (end_point.family() == AF_INET) {
    end_point.storage_.v4.sin_port = htons(port);
  } else {
    end_point.storage_.v6.sin6_port = htons(port);
  }
  return end_point;
}

EndPoint EndPoint::ipv4(const in_addr& address, uint16_t port) {
  EndPoint end_point;
  end_point.storage_.v4 = {};
  end_point.storage_.v4.sin_family = AF_INET;
  end_point.storage_.v4.sin_port = htons(port);
  end_point.storage_.v4.sin_addr = address;
  return end_point;
}

EndPoint EndPoint::ipv6(const in6_addr& address, uint16_t port, uint32_t scope) {
  EndPoint end_point;
  end_point.storage_.v6.sin6_family = AF_INET6;
  end_point.storage_.v6.sin6_port = htons(port);
  end_point.storage_.v6.sin6_addr = address;
  end_point.storage_.v6.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&address) ? scope : 0;
  return end_point;
}

std::optional<EndPoint> EndPoint::for_family(int wanted) const {
  if (wanted == family()) return *this;
  if (wanted != AF_INET6) return std::nullopt;
  EndPoint mapped;
  mapped.storage_.v6.sin6_family = AF_INET6;
  mapped.storage_.v6.sin6_port = storage_.v4.sin_port;
  uint8_t* bytes = mapped.storage_.v6.sin6_addr.s6_addr;
  bytes[10] = bytes[11] = 0xff;
  std::memcpy(bytes + kMappedPrefixBytes, &storage_.v4.sin_addr, sizeof(in_addr));
  return mapped;
}

uint16_t EndPoint::port() const { return ntohs(family() == AF_INET ? storage_.v4.sin_port : storage_.v6.sin6_port); }

std::string EndPoint::address() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof text);
    return text;
  }
  const sockaddr_in6& v6 = storage_.v6;
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, v6.sin6_addr.s6_addr + kMappedPrefixBytes, text, sizeof text);
    return text;
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  char zone[IF_NAMESIZE];
  if (v6.sin6_scope_id == 0 || if_indextoname(v6.sin6_scope_id, zone) == nullptr) return text;
  return std::string(text) + "%" + zone;
}

bool EndPoint::is_wildcard() const {
  if (family() == AF_INET) return storage_.v4.sin_addr.s_addr == htonl(INADDR_ANY);
  return IN6_IS_ADDR_UNSPECIFIED(&storage_.v6.sin6_addr);
}

uint64_t EndPoint::origin() const {
  if (family() == AF_INET) return kIpv4Origin | ntohl(storage_.v4.sin_addr.s_addr);
  const std::span bytes(storage_.v6.sin6_addr.s6_addr);
  if (IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr)) return kIpv4Origin | read_number(bytes.subspan(kMappedPrefixBytes));
  return read_number(bytes.first(sizeof(uint64_t)));
}

bool EndPoint::operator==(const EndPoint& other) const {
  if (family() != other.family()) return false;
  if (family() == AF_INET) {
    return storage_.v4.sin_port == other.storage_.v4.sin_port &&
           storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr;
  }
  const sockaddr_in6& mine = storage_.v6;
  const sockaddr_in6& theirs = other.storage_.v6;
  return mine.sin6_port == theirs.sin6_port && mine.sin6_scope_id == theirs.sin6_scope_id &&
         std::memcmp(&mine.sin6_addr, &theirs.sin6_addr, sizeof(in6_addr)) == 0;
}

}  // namespace sallyport
