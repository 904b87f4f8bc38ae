#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "flat_map.h"
#include "inner_prefix.h"

namespace sallyport {

// The longest matching prefix of an address of `kBytes` bytes. A look-up tries the lengths that occur, longest first,
// so it costs at most one hash look-up for each bit of an address, and one when all prefixes have one length.
template <size_t kBytes, class Value>
class PrefixTable {
 public:
  using Address = std::array<uint8_t, kBytes>;

  // False when the prefix is taken.
  bool add(const Prefix<kBytes>& prefix, Value value) {
    if (!maps_[prefix.length].add(prefix.masked().address, std::move(value))) return false;
    lengths_[prefix.length / 64] |= uint64_t{1} << prefix.length % 64;
    return true;
  }

  // False when there is no such prefix.
  bool remove(const Prefix<kBytes>& prefix) {
    if (!maps_[prefix.length].remove(prefix.masked().address)) return false;
    if (maps_[prefix.length].empty()) lengths_[prefix.length / 64] &= ~(uint64_t{1} << prefix.length % 64);
    return true;
  }

  // nullptr when no prefix matches.
  const Value* find(const Address& address) const {
    for (size_t word = lengths_.size(); word-- > 0;) {
      for (uint64_t rest = lengths_[word]; rest != 0;) {
        const int bit = 63 - std::countl_zero(rest);
        rest &= ~(uint64_t{1} << bit);
        const auto length = static_cast<uint8_t>(word * 64 + static_cast<size_t>(bit));
        if (const Value* found = maps_[length].find(Prefix<kBytes>{address, length}.masked().address)) return found;
      }
    }
    return nullptr;
  }

 private:
  struct Hash {
    uint64_t operator()(const Address& address) const {
      uint64_t hash = 0;
      for (size_t at = 0; at < kBytes; at += sizeof hash) {
        uint64_t part = 0;
        std::memcpy(&part, address.data() + at, std::min(sizeof part, kBytes - at));
        hash = mix_bits(hash + part);
      }
      return hash;
    }
  };

  std::array<FlatMap<Address, Value, Hash>, Prefix<kBytes>::kMaxLength + 1> maps_;
  // Bit n: whether there is a prefix of length n.
  std::array<uint64_t, Prefix<kBytes>::kMaxLength / 64 + 1> lengths_{};
};

}  // namespace sallyport
