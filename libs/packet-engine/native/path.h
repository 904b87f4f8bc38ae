#pragma once

#include <cstdint>

#include "end_point.h"

namespace sallyport {

enum class Transport : uint8_t { udp, tcp };

// Where a packet came from and how an answer goes back. Both ends are in the form of the listener's address family.
struct Path {
  uint32_t listener = 0;
  Transport transport = Transport::udp;
  EndPoint remote;
  // The local address that the packet was sent to; answers leave from it.
  EndPoint local;
  // TCP only; streams are numbered from 1.
  uint64_t stream = 0;

  bool operator==(const Path& other) const = default;
};

}  // namespace sallyport
