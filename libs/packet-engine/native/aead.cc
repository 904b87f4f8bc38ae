#include "aead.h"

#include <openssl/crypto.h>

#include <string>

#include "failure.h"

namespace sallyport {

Aead::Aead(const CipherChoice& choice, Direction direction, std::span<const uint8_t> key)
    : implementation_(make(choice, direction == Direction::seal, key)) {}

Aead::Implementation Aead::make(const CipherChoice& choice, bool seals, std::span<const uint8_t> key) {
  const size_t needed = key_bytes(choice.cipher);
  if (key.size() != needed) {
    throw Failure("bad-key-length",
                  "the cipher's key must have " + std::to_string(needed) + " bytes, not " + std::to_string(key.size()));
  }
  if (choice.library == CipherLibrary::ipsec_mb && choice.cipher != Cipher::chacha20_poly1305) {
    return IpsecMbAead(choice.cipher, seals, key);
  }
  return EvpAead(choice.cipher, seals, key);
}

bool Aead::seal(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional,
                std::span<uint8_t> text, std::span<uint8_t, kTagBytes> tag) {
  if (auto* ipsec_mb = std::get_if<IpsecMbAead>(&implementation_)) {
    ipsec_mb->seal(nonce, additional, text, tag);
    return true;
  }
  return std::get<EvpAead>(implementation_).seal(nonce, additional, text, tag);
}

bool Aead::open(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional,
                std::span<uint8_t> text, std::span<const uint8_t, kTagBytes> tag) {
  const auto open_by = [&](auto& implementation) { return implementation.open(nonce, additional, text, tag); };
  if (std::visit(open_by, implementation_)) return true;
  // An unauthenticated text must not be of use to anybody, whatever the caller does with it.
  OPENSSL_cleanse(text.data(), text.size());
  return false;
}

}  // namespace sallyport
