#include "evp_aead.h"

#include <algorithm>
#include <array>

#include "failure.h"

namespace sallyport {

namespace {

const EVP_CIPHER* algorithm(Cipher cipher) {
  switch (cipher) {
    case Cipher::aes_256_gcm:
      return EVP_aes_256_gcm();
    case Cipher::aes_128_gcm:
      return EVP_aes_128_gcm();
    case Cipher::chacha20_poly1305:
      return EVP_chacha20_poly1305();
  }
  return nullptr;
}

int length(std::span<const uint8_t> bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

EvpAead::EvpAead(Cipher cipher, bool seals, std::span<const uint8_t> key) : context_(EVP_CIPHER_CTX_new()) {
  if (!context_ ||
      EVP_CipherInit_ex(context_.get(), algorithm(cipher), nullptr, key.data(), nullptr, seals ? 1 : 0) != 1) {
    throw Failure("crypto-failed", "OpenSSL refused to set up the data cipher");
  }
}

bool EvpAead::seal(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional,
                   std::span<uint8_t> text, std::span<uint8_t, kTagBytes> tag) {
  EVP_CIPHER_CTX* context = context_.get();
  int written = 0;
  return EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &written, additional.data(), length(additional)) == 1 &&
         EVP_EncryptUpdate(context, text.data(), &written, text.data(), length(text)) == 1 &&
         EVP_EncryptFinal_ex(context, text.data() + written, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1;
}

// EVP_DecryptFinal_ex compares the tag in constant time.
bool EvpAead::open(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional,
                   std::span<uint8_t> text, std::span<const uint8_t, kTagBytes> tag) {
  EVP_CIPHER_CTX* context = context_.get();
  std::array<uint8_t, kTagBytes> expected;
  std::copy(tag.begin(), tag.end(), expected.begin());
  int written = 0;
  return EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &written, additional.data(), length(additional)) == 1 &&
         EVP_DecryptUpdate(context, text.data(), &written, text.data(), length(text)) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, expected.data()) == 1 &&
         EVP_DecryptFinal_ex(context, text.data() + written, &written) == 1;
}

}  // namespace sallyport
