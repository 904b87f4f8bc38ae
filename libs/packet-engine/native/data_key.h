#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "aead.h"
#include "replay_window.h"

namespace sallyport {

// DATA_V2 with AEAD: header (opcode 9 and key id, peer-id) · packet id · tag · ciphertext.
inline constexpr uint8_t kOpcodeDataV2 = 9;
inline constexpr size_t kHeaderBytes = 4;
inline constexpr size_t kPacketIdBytes = 4;
inline constexpr size_t kTagOffset = kHeaderBytes + kPacketIdBytes;
inline constexpr size_t kDataOverheadBytes = kTagOffset + kTagBytes;
inline constexpr size_t kImplicitIvBytes = 8;

// Views of the caller's buffers; nothing of it is kept.
struct KeyMaterial {
  Cipher cipher;
  uint8_t key_id;
  std::span<const uint8_t> seal_key;
  std::span<const uint8_t> seal_iv;
  std::span<const uint8_t> open_key;
  std::span<const uint8_t> open_iv;
  uint32_t first_packet_id = 1;
};

// Counts AEAD usage of one direction of a key in 16-byte blocks plus packets. GCM must not exceed 2^36 - 1 of them
// (the confidentiality limit that TLS 1.3 and OpenVPN share); the peer is asked for a new key at 7/8 of that.
class AeadUsage {
 public:
  static constexpr uint64_t kLimit = ((uint64_t{1} << 36) - 1) / 8 * 7;

  void add(size_t text_bytes, uint64_t packets = 1) { used_ += ((text_bytes + kTagOffset + 15) / 16 + 1) * packets; }
  bool near_limit() const { return used_ >= kLimit; }

 private:
  uint64_t used_ = 0;
};

// The pair of keys of one key id: sealing towards the peer, opening with replay protection.
class DataKey {
 public:
  static constexpr uint64_t kPacketIdNearLimit = 0xFF000000;
  static constexpr uint64_t kPacketIdLimit = 0xFFFFFFFF;

  enum class Sealed { ok, exhausted, failed };
  enum class Opened { ok, replayed, bad_tag };

  // Throws Failure `bad-key-length` or `crypto-failed`.
  explicit DataKey(const KeyMaterial& material);
  ~DataKey();
  DataKey(const DataKey&) = delete;
  DataKey& operator=(const DataKey&) = delete;

  uint8_t key_id() const { return key_id_; }

  // `packet` is kDataOverheadBytes of head-room, then the plaintext.
  Sealed seal(uint32_t peer_id, std::span<uint8_t> packet);
  // `packet` must be longer than kDataOverheadBytes. When ok, the plaintext stands behind the first kDataOverheadBytes.
  Opened open(std::span<uint8_t> packet);

  // True once, when the key must soon be replaced.
  bool take_limit_notice();
  // Whether somebody waits to hear that the peer uses this key.
  void await_first_use(bool awaited) { first_use_awaited_ = awaited; }
  // True once, after a packet was opened, when it was awaited.
  bool take_first_use();

 private:
  using Iv = std::array<uint8_t, kImplicitIvBytes>;

  bool near_limit() const;

  uint8_t key_id_;
  bool limited_usage_;
  bool limit_noticed_ = false;
  bool used_ = false;
  bool first_use_awaited_ = false;
  uint64_t next_packet_id_;
  Iv seal_iv_;
  Iv open_iv_;
  Aead sealer_;
  Aead opener_;
  ReplayWindow replay_;
  AeadUsage seal_usage_;
  AeadUsage open_usage_;
};

}  // namespace sallyport
