#pragma once

#include <array>

#include "packet_format.h"
#include "replay_window.h"

namespace sallyport {

// AEAD as OpenVPN 2.4 introduced it: header · packet id (4) · tag · ciphertext. The nonce is the packet id and 8 fixed
// bytes; header and packet id are authenticated.
class ClassicFormat : public PacketFormat {
 public:
  static constexpr size_t kPacketIdBytes = 4;
  static constexpr size_t kClearBytes = kHeaderBytes + kPacketIdBytes;
  static constexpr size_t kOverheadBytes = kClearBytes + kTagBytes;
  static constexpr size_t kImplicitIvBytes = kNonceBytes - kPacketIdBytes;
  static constexpr uint64_t kPacketIdNearLimit = 0xFF000000;
  static constexpr uint64_t kPacketIdLimit = 0xFFFFFFFF;

  // Throws Failure `bad-key-length` or `crypto-failed`.
  explicit ClassicFormat(const KeyMaterial& material);
  ~ClassicFormat() override;
  ClassicFormat(const ClassicFormat&) = delete;
  ClassicFormat& operator=(const ClassicFormat&) = delete;

  Sealed seal(uint32_t header, PacketBuffer& packet) override;
  Opened open(std::span<uint8_t> packet) override;
  LimitReasons reached_limits() const override;

 private:
  using Iv = std::array<uint8_t, kImplicitIvBytes>;

  uint64_t next_packet_id_;
  Iv seal_iv_;
  Iv open_iv_;
  Aead sealer_;
  Aead opener_;
  ReplayWindow replay_;
  AeadUsage seal_usage_;
  AeadUsage open_usage_;
  OpenFailures failures_;
};

}  // namespace sallyport
