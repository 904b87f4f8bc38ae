#include "aead.h"

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

size_t key_bytes(Cipher cipher) { return cipher == Cipher::aes_128_gcm ? 16 : 32; }

Aead::Aead(Cipher cipher, Direction direction, std::span<const uint8_t> key) : context_(EVP_CIPHER_CTX_new()) {
  if (key.size() != key_bytes(cipher)) {
    throw Failure("bad-key-length", "the cipher's key must have " + std::to_string(key_bytes(cipher)) + " bytes, not " +
                                        std::to_string(key.size()));
  }
  const int encrypt = direction == Direction::seal ? 1 : 0;
  if (!context_ || EVP_CipherInit_ex(context_.get(), algorithm(cipher), nullptr, key.data(), nullptr, encrypt) != 1) {
    throw Failure("crypto-failed", "OpenSSL refused to set up the data cipher");
  }
}

bool Aead::seal(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional,
                std::span<uint8_t> text, std::span<uint8_t, kTagBytes> tag) {
  EVP_CIPHER_CTX* context = context_.get();
  int written = 0;
  return EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &written, additional.data(), length(additional)) == 1 &&
         EVP_EncryptUpdate(context, text.data(), &written, text.data(), length(text)) == 1 &&
         EVP_EncryptFinal_ex(context, text.data() + written, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1;
}

bool Aead::open(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional,
                std::span<uint8_t> text, std::span<uint8_t, kTagBytes> tag) {
  EVP_CIPHER_CTX* context = context_.get();
  int written = 0;
  return EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &written, additional.data(), length(additional)) == 1 &&
         EVP_DecryptUpdate(context, text.data(), &written, text.data(), length(text)) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
         EVP_DecryptFinal_ex(context, text.data() + written, &written) == 1;
}

}  // namespace sallyport
