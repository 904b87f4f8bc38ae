#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace sallyport {

// The longest matching prefix of an address of `kBytes` bytes. A look-up tries the lengths that occur, longest first,
// so it costs at most one hash look-up for each bit of an address, and one when all prefixes have one length.
template <size_t kBytes, class Value>
class PrefixTable {
 public:
  using Address = std::array<uint8_t, kBytes>;
  static constexpr size_t kMaxLength = kBytes * 8;

  // False when the prefix is taken. Bits behind the prefix do not count.
  bool add(const Address& address, size_t length, Value value) {
    if (!prefixes_[length].try_emplace(masked(address, length), value).second) return false;
    return true;
  }

  // False when there is no such prefix.
  bool remove(const Address& address, size_t length) { return prefixes_[length].erase(masked(address, length)) == 1; }

  // nullptr when no prefix matches.
  const Value* find(const Address& address) const {
    for (size_t length = kMaxLength + 1; length-- > 0;) {
      const auto& candidates = prefixes_[length];
      if (candidates.empty()) continue;
      const auto found = candidates.find(masked(address, length));
      if (found != candidates.end()) return &found->second;
    }
    return nullptr;
  }

 private:
  struct Hash {
    size_t operator()(const Address& address) const {
      uint64_t hash = 0xcbf29ce484222325;
      for (const uint8_t byte : address) hash = (hash ^ byte) * 0x100000001b3;
      return hash ^ hash >> 29;
    }
  };

  static Address masked(Address address, size_t length) {
    for (size_t index = 0; index < kBytes; ++index) {
      const size_t kept = length <= index * 8 ? 0 : length - index * 8;
      if (kept < 8) address[index] &= static_cast<uint8_t>(0xff00 >> kept);
    }
    return address;
  }

  std::array<std::unordered_map<Address, Value, Hash>, kMaxLength + 1> prefixes_;
};

}  // namespace sallyport
