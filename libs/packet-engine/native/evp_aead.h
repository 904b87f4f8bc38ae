#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <span>

#include "cipher.h"

namespace sallyport {

// Any cipher by OpenSSL's EVP functions. The context is keyed once; each packet only sets the nonce.
class EvpAead {
 public:
  // `key` has the cipher's length; it is copied into the context, which wipes it. Throws Failure `crypto-failed`.
  EvpAead(Cipher cipher, bool seals, std::span<const uint8_t> key);

  bool seal(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional, std::span<uint8_t> text,
            std::span<uint8_t, kTagBytes> tag);
  bool open(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional, std::span<uint8_t> text,
            std::span<const uint8_t, kTagBytes> tag);

 private:
  struct ContextDeleter {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  std::unique_ptr<EVP_CIPHER_CTX, ContextDeleter> context_;
};

}  // namespace sallyport
