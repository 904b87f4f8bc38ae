#include "primitives.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <string>

#include "failure.h"

namespace sallyport {

namespace {

constexpr size_t kAesKeyBytes = 32;
constexpr size_t kCounterBlockBytes = 16;
constexpr std::array<const char*, 3> kDigestNames{"SHA256", "MD5", "SHA1"};

void require(bool good, const char* what) {
  if (good) return;
  ERR_clear_error();
  throw Failure("crypto-failed", std::string("OpenSSL refused ") + what);
}

}  // namespace

Primitives::Primitives() : cipher_(EVP_CIPHER_CTX_new()) {
  const std::unique_ptr<EVP_MAC, OpensslDeleter<EVP_MAC_free>> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  require(mac != nullptr, "HMAC");
  for (size_t i = 0; i < macs_.size(); ++i) {
    macs_[i].reset(EVP_MAC_CTX_new(mac.get()));
    std::string name = kDigestNames[i];
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                     OSSL_PARAM_construct_end()};
    require(macs_[i] && EVP_MAC_CTX_set_params(macs_[i].get(), parameters) == 1, kDigestNames[i]);
  }
  const std::unique_ptr<EVP_CIPHER, OpensslDeleter<EVP_CIPHER_free>> cipher(
      EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr));
  require(cipher_ && cipher && EVP_EncryptInit_ex(cipher_.get(), cipher.get(), nullptr, nullptr, nullptr) == 1,
          "AES-256-CTR");
}

void Primitives::hmac(Digest digest, std::span<const uint8_t> key, Parts parts, std::span<uint8_t> tag) {
  EVP_MAC_CTX* mac = macs_.at(static_cast<size_t>(digest)).get();
  // Without a key OpenSSL would go on with the one before.
  if (key.empty()) throw Failure("bad-argument", "the key of an HMAC is empty");
  bool good = EVP_MAC_init(mac, key.data(), key.size(), nullptr) == 1;
  if (tag.size() != EVP_MAC_CTX_get_mac_size(mac)) throw Failure("bad-argument", "the tag is not as long as the digest");
  for (const std::span<const uint8_t> part : parts) good = good && EVP_MAC_update(mac, part.data(), part.size()) == 1;
  size_t length = 0;
  require(good && EVP_MAC_final(mac, tag.data(), &length, tag.size()) == 1, "an HMAC");
}

void Primitives::aes_256_ctr(std::span<const uint8_t> key, std::span<const uint8_t> counter_block,
                             std::span<const uint8_t> text, std::span<uint8_t> result) {
  if (key.size() != kAesKeyBytes) throw Failure("bad-argument", "the key of AES-256 must have 32 bytes");
  if (counter_block.size() != kCounterBlockBytes) throw Failure("bad-argument", "a counter block must have 16 bytes");
  if (result.size() != text.size()) throw Failure("bad-argument", "the result is not as long as the text");
  int written = 0;
  require(EVP_EncryptInit_ex(cipher_.get(), nullptr, nullptr, key.data(), counter_block.data()) == 1 &&
              EVP_EncryptUpdate(cipher_.get(), result.data(), &written, text.data(), static_cast<int>(text.size())) == 1,
          "AES-256-CTR");
}

}  // namespace sallyport
