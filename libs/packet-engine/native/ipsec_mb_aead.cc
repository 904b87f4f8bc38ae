#include "ipsec_mb_aead.h"

#include <openssl/crypto.h>

#include <array>
#include <new>

#include "failure.h"

namespace sallyport {

namespace {

constexpr std::align_val_t kAlignment{kExpandedKeyAlignment};

const IpsecMb::Gcm& functions(Cipher cipher) {
  const IpsecMb* library = ipsec_mb();
  if (library == nullptr) throw Failure("cipher-library-missing", "libipsec-mb cannot be used on this machine");
  return cipher == Cipher::aes_128_gcm ? library->aes_128 : library->aes_256;
}

gcm_key_data* allocate_key() { return static_cast<gcm_key_data*>(::operator new(kExpandedKeyBytes, kAlignment)); }

}  // namespace

void IpsecMbAead::Wipe::operator()(gcm_key_data* key) const {
  OPENSSL_cleanse(key, kExpandedKeyBytes);
  ::operator delete(key, kAlignment);
}

IpsecMbAead::IpsecMbAead(Cipher cipher, bool seals, std::span<const uint8_t> key) {
  const IpsecMb::Gcm& gcm = functions(cipher);
  key_.reset(allocate_key());
  gcm.expand(key.data(), key_.get());
  crypt_ = seals ? gcm.seal : gcm.open;
}

bool IpsecMbAead::open(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional,
                       std::span<uint8_t> text, std::span<const uint8_t, kTagBytes> tag) const {
  std::array<uint8_t, kTagBytes> expected;
  crypt(nonce, additional, text, expected);
  const bool genuine = CRYPTO_memcmp(expected.data(), tag.data(), kTagBytes) == 0;
  // Of a forged packet it is the tag that would have made it genuine.
  OPENSSL_cleanse(expected.data(), expected.size());
  return genuine;
}

void IpsecMbAead::crypt(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional,
                        std::span<uint8_t> text, std::span<uint8_t, kTagBytes> tag) const {
  alignas(kExpandedKeyAlignment) std::array<uint8_t, kScratchBytes> scratch;
  crypt_(key_.get(), reinterpret_cast<gcm_context_data*>(scratch.data()), text.data(), text.data(), text.size(),
         nonce.data(), additional.data(), additional.size(), tag.data(), kTagBytes);
  // A library built without SAFE_DATA leaves keystream and the state of the hash in it.
  OPENSSL_cleanse(scratch.data(), scratch.size());
}

}  // namespace sallyport
