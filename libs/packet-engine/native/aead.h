#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "cipher.h"
#include "evp_aead.h"
#include "ipsec_mb_aead.h"

namespace sallyport {

// One AEAD key for one direction, by whichever library was chosen. Keyed once; a packet costs no allocation. The key is
// wiped at the end. Not thread-safe.
class Aead {
 public:
  enum class Direction { seal, open };

  // The key is copied. Throws Failure `bad-key-length`, `cipher-library-missing` or `crypto-failed`.
  Aead(const CipherChoice& choice, Direction direction, std::span<const uint8_t> key);

  // Encrypts `text` in place and writes its tag.
  bool seal(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional, std::span<uint8_t> text,
            std::span<uint8_t, kTagBytes> tag);
  // Decrypts `text` in place and compares the tag in constant time; when false is returned, `text` is wiped.
  bool open(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional, std::span<uint8_t> text,
            std::span<const uint8_t, kTagBytes> tag);

 private:
  using Implementation = std::variant<EvpAead, IpsecMbAead>;
  static Implementation make(const CipherChoice& choice, bool seals, std::span<const uint8_t> key);

  Implementation implementation_;
};

}  // namespace sallyport
