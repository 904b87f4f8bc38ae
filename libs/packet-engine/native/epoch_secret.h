#pragma once

#include <openssl/crypto.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "aead.h"

namespace sallyport {

inline constexpr size_t kEpochSecretBytes = 32;

// Bytes that are wiped when they go out of use.
template <size_t bytes>
struct Secret : std::array<uint8_t, bytes> {
  Secret() = default;
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { OPENSSL_cleanse(this->data(), bytes); }
};

using EpochSecret = Secret<kEpochSecretBytes>;
using EpochIv = Secret<kNonceBytes>;

// HKDF-Expand with SHA-256 (RFC 5869) and the label of TLS 1.3 (RFC 8446 section 7.1) under OpenVPN's prefix, without
// context. `output` has at most 32 bytes. Throws Failure `crypto-failed`.
void expand_label(std::span<const uint8_t> secret, std::string_view label, std::span<uint8_t> output);

// Throws Failure `bad-key-length`.
EpochSecret copy_epoch_secret(std::span<const uint8_t> secret);
// The secret of the epoch after that of `secret`.
EpochSecret next_epoch(const EpochSecret& secret);
// The keyed cipher and the IV of the epoch of `secret`.
Aead epoch_aead(const CipherChoice& choice, Aead::Direction direction, const EpochSecret& secret);
EpochIv epoch_iv(const EpochSecret& secret);

}  // namespace sallyport
