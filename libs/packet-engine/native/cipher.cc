#include "cipher.h"

#include "ipsec_mb.h"

namespace sallyport {

bool has_cipher_library(CipherLibrary library) { return library == CipherLibrary::openssl || ipsec_mb() != nullptr; }

CipherLibrary best_cipher_library() {
  return has_cipher_library(CipherLibrary::ipsec_mb) ? CipherLibrary::ipsec_mb : CipherLibrary::openssl;
}

}  // namespace sallyport
