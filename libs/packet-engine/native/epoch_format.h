#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "epoch_secret.h"
#include "packet_format.h"
#include "replay_window.h"

namespace sallyport {

// OpenVPN 2.7's `aead-epoch`: header · epoch (2) · counter (6) · ciphertext · tag. The nonce is the epoch's IV xor
// epoch and counter; all clear bytes are authenticated. Each epoch has its own key, made from the one before; either
// side moves on before a key is used too much, and the other follows.
class EpochFormat : public PacketFormat {
 public:
  static constexpr size_t kPacketIdBytes = 8;
  static constexpr size_t kClearBytes = kHeaderBytes + kPacketIdBytes;
  static constexpr size_t kOverheadBytes = kClearBytes + kTagBytes;
  static constexpr uint64_t kCounterLimit = (uint64_t{1} << 48) - 1;
  // How far ahead of the newest epoch a packet may be.
  static constexpr uint16_t kFutureEpochs = 16;
  static constexpr uint16_t kLastEpoch = UINT16_MAX - kFutureEpochs - 1;
  // From here on a new TLS session is due.
  static constexpr uint16_t kEpochNearLimit = 0xF000;

  // The keys of `material` are the secrets of epoch 1, its IVs are empty. Throws Failure `bad-key-length` or
  // `crypto-failed`.
  explicit EpochFormat(const KeyMaterial& material);

  Sealed seal(uint32_t header, PacketBuffer& packet) override;
  Opened open(std::span<uint8_t> packet) override;
  LimitReasons reached_limits() const override;

 private:
  struct Sealer {
    Sealer(uint16_t epoch, const EpochSecret& secret, const CipherChoice& choice, const AeadLimits& limits);

    uint16_t epoch;
    EpochSecret secret;
    EpochIv iv;
    Aead aead;
    AeadUsage usage;
    uint64_t next_counter = 1;
  };
  struct Opener {
    Opener(const EpochSecret& secret, const CipherChoice& choice, const AeadLimits& limits);

    EpochIv iv;
    Aead aead;
    AeadUsage usage;
    OpenFailures failures;
    ReplayWindow replay;
  };
  // There is an opener when a packet has opened: whoever knows a peer-id can name any epoch.
  struct FutureEpoch {
    EpochSecret secret;
    OpenFailures failures;
  };
  // Views of a packet that is long enough.
  struct Parts;

  bool sealing_epoch_is_spent() const;
  void seal_in(uint16_t epoch);
  Opened open_ahead(const Parts& parts);
  static Opened open_with(Opener& opener, const Parts& parts);
  void note_failures(const OpenFailures& failures) { failures_near_limit_ |= failures.near_limit(); }
  void open_in(uint16_t epoch, std::unique_ptr<Opener> opener);

  CipherChoice choice_;
  AeadLimits limits_;
  std::optional<Sealer> sealer_;

  uint16_t open_epoch_ = 1;
  std::unique_ptr<Opener> current_;
  uint16_t retiring_epoch_ = 0;
  std::unique_ptr<Opener> retiring_;
  // Epochs open_epoch_ + 1, + 2 …, as far as packets have asked for them; `last_secret_` is that of the last one.
  std::vector<FutureEpoch> future_;
  EpochSecret last_secret_;
  bool failures_near_limit_ = false;
};

}  // namespace sallyport
