#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport {

// Numbers in network byte order; the span has the number's length.

inline void write_number(std::span<uint8_t> target, uint64_t value) {
  for (size_t i = target.size(); i-- > 0; value >>= 8) target[i] = static_cast<uint8_t>(value);
}

inline uint64_t read_number(std::span<const uint8_t> source) {
  uint64_t value = 0;
  for (const uint8_t byte : source) value = value << 8 | byte;
  return value;
}

}  // namespace sallyport
