#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

namespace sallyport {

// The inner addresses that begin with the same `length` bits; the other bits of `address` are 0.
template <size_t kBytes>
struct Prefix {
  static constexpr uint8_t kMaxLength = kBytes * 8;

  std::array<uint8_t, kBytes> address{};
  uint8_t length = kMaxLength;

  bool operator==(const Prefix& other) const = default;
  // The prefix of this length that this address is in.
  Prefix masked() const {
    Prefix result = *this;
    for (size_t index = 0; index < kBytes; ++index) {
      const size_t kept = length <= index * 8 ? 0 : length - index * 8;
      if (kept < 8) result.address[index] &= static_cast<uint8_t>(0xff00 >> kept);
    }
    return result;
  }
};

using Ipv4Prefix = Prefix<4>;
using Ipv6Prefix = Prefix<16>;
using InnerPrefix = std::variant<Ipv4Prefix, Ipv6Prefix>;

}  // namespace sallyport
