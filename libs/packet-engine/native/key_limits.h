#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "cipher.h"

namespace sallyport {

// Why a data key must soon be replaced. Names and order are those of kLimitReasonNames.
enum class LimitReason : uint8_t { packet_id, usage, bytes, packets, failed_decryptions, epoch };

inline constexpr std::array kLimitReasonNames = {"packet-id",          "usage", "bytes", "packets",
                                                 "failed-decryptions", "epoch"};

// A set of reasons.
class LimitReasons {
 public:
  void add(LimitReason reason) { bits_ |= 1u << static_cast<unsigned>(reason); }
  void add(const LimitReasons& other) { bits_ |= other.bits_; }
  // Takes one that `known` does not have, and adds it to `known`.
  std::optional<LimitReason> take_unknown(LimitReasons& known) const {
    const unsigned fresh = bits_ & ~known.bits_;
    if (fresh == 0) return std::nullopt;
    const auto reason = static_cast<LimitReason>(__builtin_ctz(fresh));
    known.add(reason);
    return reason;
  }

 private:
  unsigned bits_ = 0;
};

// What one AEAD key may be used for. GCM must not exceed 2^36 - 1 blocks and packets in either direction (the
// confidentiality limit that TLS 1.3 and OpenVPN share); ChaCha20-Poly1305 has no such limit. Packets that do not open
// count against the integrity limit of RFC 9147 section 4.5.3: OpenVPN replaces the key at 2^35 and gives up at 2^36.
struct AeadLimits {
  uint64_t usage = (uint64_t{1} << 36) - 1;
  uint64_t failures_near = uint64_t{1} << 35;
  uint64_t failures = uint64_t{1} << 36;
};

// Counts the usage of one AEAD key in one direction, in 16-byte blocks plus packets.
class AeadUsage {
 public:
  AeadUsage(Cipher cipher, const AeadLimits& limits)
      : limit_(cipher == Cipher::chacha20_poly1305 ? UINT64_MAX : limits.usage) {}

  void add(size_t additional_bytes, size_t text_bytes, uint64_t packets = 1) {
    used_ += ((additional_bytes + text_bytes + 15) / 16 + 1) * packets;
  }
  // From 7/8 of the limit on a renegotiation still ends in time.
  bool near_limit() const { return used_ >= limit_ / 8 * 7; }
  bool over_limit() const { return used_ > limit_; }

 private:
  uint64_t limit_;
  uint64_t used_ = 0;
};

// Counts the packets that one AEAD key did not open.
class OpenFailures {
 public:
  explicit OpenFailures(const AeadLimits& limits) : limits_(limits) {}

  void add() { ++count_; }
  bool near_limit() const { return count_ > limits_.failures_near; }
  bool over_limit() const { return count_ > limits_.failures; }

 private:
  AeadLimits limits_;
  uint64_t count_ = 0;
};

// The owner's limits on the traffic of a key, for each direction.
struct TrafficLimits {
  uint64_t packets = UINT64_MAX;
  uint64_t bytes = UINT64_MAX;
};

// The traffic of a key in one direction.
struct Traffic {
  uint64_t packets = 0;
  uint64_t bytes = 0;

  void add(size_t text_bytes) {
    ++packets;
    bytes += text_bytes;
  }
};

}  // namespace sallyport
