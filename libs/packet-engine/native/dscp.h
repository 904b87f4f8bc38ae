#pragma once

#include <cstdint>
#include <span>

namespace sallyport {

// The traffic class of a packet whose header was checked: DSCP (6 bits) and ECN (2 bits).
inline uint8_t traffic_class_of(std::span<const uint8_t> packet) {
  return packet[0] >> 4 == 4 ? packet[1] : static_cast<uint8_t>(packet[0] << 4 | packet[1] >> 4);
}

// The DSCP of outer packets: the inner packet's (the uniform model of RFC 2983) or one for all (its pipe model).
struct Dscp {
  bool copied = false;
  uint8_t fixed = 0;

  // What packets have that carry no inner packet.
  uint8_t plain() const { return static_cast<uint8_t>(fixed << 2); }
  // The outer traffic class. ECN is always the inner packet's: RFC 6040's normal mode of encapsulation (4.1).
  uint8_t outer(uint8_t inner) const {
    return static_cast<uint8_t>((copied ? inner & 0xfc : plain()) | (inner & 0x03));
  }
};

}  // namespace sallyport
