#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sallyport {

enum class Cipher : uint8_t { aes_256_gcm, aes_128_gcm, chacha20_poly1305 };

// Where AES-GCM comes from; ChaCha20-Poly1305 is OpenSSL's always. Names and order are those of kCipherLibraryNames.
enum class CipherLibrary : uint8_t { openssl, ipsec_mb };

inline constexpr std::array kCipherLibraryNames = {"openssl", "ipsec-mb"};

inline constexpr size_t kNonceBytes = 12;
inline constexpr size_t kTagBytes = 16;

constexpr size_t key_bytes(Cipher cipher) { return cipher == Cipher::aes_128_gcm ? 16 : 32; }

// Whether this build, this machine and its processor have the library. The answer never changes.
bool has_cipher_library(CipherLibrary library);
// The leanest library that there is.
CipherLibrary best_cipher_library();

// A cipher and who computes it.
struct CipherChoice {
  Cipher cipher;
  CipherLibrary library = best_cipher_library();
};

}  // namespace sallyport
