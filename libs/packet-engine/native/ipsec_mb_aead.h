#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "cipher.h"
#include "ipsec_mb.h"

namespace sallyport {

// AES-GCM by libipsec-mb. The expanded key is all of its state.
class IpsecMbAead {
 public:
  // `key` has the cipher's length. Throws Failure `cipher-library-missing`.
  IpsecMbAead(Cipher cipher, bool seals, std::span<const uint8_t> key);

  void seal(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional, std::span<uint8_t> text,
            std::span<uint8_t, kTagBytes> tag) const {
    crypt(nonce, additional, text, tag);
  }
  bool open(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional, std::span<uint8_t> text,
            std::span<const uint8_t, kTagBytes> tag) const;

 private:
  struct Wipe {
    void operator()(gcm_key_data* key) const;
  };

  void crypt(std::span<const uint8_t, kNonceBytes> nonce, std::span<const uint8_t> additional, std::span<uint8_t> text,
             std::span<uint8_t, kTagBytes> tag) const;

  std::unique_ptr<gcm_key_data, Wipe> key_;
  IpsecMb::Crypt crypt_;
};

}  // namespace sallyport
