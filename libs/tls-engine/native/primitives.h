#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "openssl_handle.h"

namespace sallyport {

enum class Digest { sha256, md5, sha1 };

// The symmetric primitives of control packets. Algorithms are looked up once and contexts used again, because a lookup
// costs more than a packet. Not thread-safe.
class Primitives {
 public:
  using Parts = std::span<const std::span<const uint8_t>>;

  // Throws Failure `crypto-failed`.
  Primitives();

  // HMAC over the parts in order. Throws Failure `bad-argument` when the key is empty or `tag` has another length than
  // the digest.
  void hmac(Digest digest, std::span<const uint8_t> key, Parts parts, std::span<uint8_t> tag);

  // AES-256 in counter mode; the same call encrypts and decrypts. Throws Failure `bad-argument` when the key has not 32
  // bytes, the counter block not 16, or `result` is not as long as `text`.
  void aes_256_ctr(std::span<const uint8_t> key, std::span<const uint8_t> counter_block, std::span<const uint8_t> text,
                   std::span<uint8_t> result);

 private:
  using MacContext = std::unique_ptr<EVP_MAC_CTX, OpensslDeleter<EVP_MAC_CTX_free>>;
  using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, OpensslDeleter<EVP_CIPHER_CTX_free>>;

  std::array<MacContext, 3> macs_;
  CipherContext cipher_;
};

}  // namespace sallyport
