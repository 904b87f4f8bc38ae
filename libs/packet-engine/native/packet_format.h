#pragma once

#include <cstdint>
#include <span>

#include "aead.h"
#include "key_limits.h"
#include "packet_buffer.h"

namespace sallyport {

// DATA_V2: opcode 9 and key id, peer-id of 24 bits; what follows is the format's.
inline constexpr uint8_t kOpcodeDataV2 = 9;
inline constexpr size_t kHeaderBytes = 4;

// Views of the caller's buffers; nothing of it is kept.
struct KeyMaterial {
  Cipher cipher;
  uint8_t key_id;
  std::span<const uint8_t> seal_key;
  std::span<const uint8_t> seal_iv;
  std::span<const uint8_t> open_key;
  std::span<const uint8_t> open_iv;
  uint64_t first_packet_id = 1;
  bool epoch = false;
  bool lzo_byte = false;
  TrafficLimits traffic_limits = {};
  AeadLimits aead_limits = {};
  CipherLibrary library = best_cipher_library();

  CipherChoice choice() const { return {cipher, library}; }
};

// Bytes that a packet has before and behind its plaintext.
struct Overhead {
  size_t before = 0;
  size_t behind = 0;
};

enum class Sealed : uint8_t { ok, exhausted, failed };

struct Opened {
  enum class Result : uint8_t { ok, too_short, unknown_epoch, replayed, bad_tag, exhausted, compressed };

  Result result;
  // The plaintext, inside the packet; only when ok.
  std::span<uint8_t> text = {};
  // Whether no packet with a later packet id was opened before.
  bool newest = false;
};

// The two ways to put a plaintext into a DATA_V2 packet and back, each with its own keys, packet ids and replay
// protection. Not thread-safe.
class PacketFormat {
 public:
  virtual ~PacketFormat() = default;

  // `packet` holds the plaintext and then, when ok, the whole packet. An id that was tried is never used again.
  virtual Sealed seal(uint32_t header, PacketBuffer& packet) = 0;
  // Decrypts in place; `packet` is garbage unless ok.
  virtual Opened open(std::span<uint8_t> packet) = 0;
  virtual LimitReasons reached_limits() const = 0;
};

}  // namespace sallyport
