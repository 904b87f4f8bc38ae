#pragma once

#include <array>
#include <cstdint>

namespace sallyport {

// What OpenVPN peers send to each other in place of an IP packet.
inline constexpr std::array<uint8_t, 16> kPing = {0x2a, 0x18, 0x7b, 0xf3, 0x64, 0x1e, 0xb4, 0xcb,
                                                  0x07, 0xed, 0x2d, 0x0a, 0x98, 0x1f, 0xc7, 0x48};
inline constexpr std::array<uint8_t, 16> kOccPrefix = {0x28, 0x7f, 0x34, 0x6b, 0xd4, 0xef, 0x7a, 0x81,
                                                       0x2d, 0x56, 0xb8, 0xd3, 0xaf, 0xc5, 0x45, 0x9c};
// The kind of OCC message that says goodbye.
inline constexpr uint8_t kOccExit = 6;

}  // namespace sallyport
