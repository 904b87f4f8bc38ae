#pragma once

#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sallyport {

enum class Cipher { aes_256_gcm, aes_128_gcm, chacha20_poly1305 };

inline constexpr size_t kNonceBytes = 12;
inline constexpr size_t kTagBytes = 16;

size_t key_bytes(Cipher cipher);

// One AEAD key for one direction. The context is keyed once; each packet only sets the nonce. Not thread-safe.
class Aead {
 public:
  enum class Direction { seal, open };

  // Throws Failure `bad-key-length` or `crypto-failed`. The key is copied into the context, which wipes it.
  Aead(Cipher cipher, Direction direction, std::span<const uint8_t> key);

  // Encrypts `text` in place and writes its tag.
  bool seal(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional, std::span<uint8_t> text,
            std::span<uint8_t, kTagBytes> tag);
  // Decrypts `text` in place; when false is returned, `text` is garbage that must not be looked at.
  bool open(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional, std::span<uint8_t> text,
            std::span<uint8_t, kTagBytes> tag);

 private:
  struct ContextDeleter {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  std::unique_ptr<EVP_CIPHER_CTX, ContextDeleter> context_;
};

}  // namespace sallyport
