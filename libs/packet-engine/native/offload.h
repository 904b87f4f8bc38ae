#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sallyport {

// What the kernel does for the engine when it can, and what may turn out at run time to be missing. Names and order are
// those of kOffloadNames.
enum class Offload : uint8_t { segmentation, receive, tun };

inline constexpr std::array kOffloadNames = {"segmentation", "receive", "tun"};
inline constexpr size_t kOffloads = kOffloadNames.size();

}  // namespace sallyport
