#pragma once

#include <cstddef>
#include <cstdint>

struct gcm_key_data;
struct gcm_context_data;

namespace sallyport {

// AES-GCM of libipsec-mb: the functions that the library chose for this processor. They take texts of any alignment,
// in place or not, and use no memory but what they are given.
struct IpsecMb {
  using Expand = void (*)(const void* key, gcm_key_data* expanded);
  using Crypt = void (*)(const gcm_key_data* key, gcm_context_data* scratch, uint8_t* output, const uint8_t* input,
                         uint64_t bytes, const uint8_t* nonce, const uint8_t* additional, uint64_t additional_bytes,
                         uint8_t* tag, uint64_t tag_bytes);
  struct Gcm {
    Expand expand;
    Crypt seal;
    // Writes the tag that the packet should have; comparing it is the caller's.
    Crypt open;
  };

  Gcm aes_128;
  Gcm aes_256;
};

// Room for the library's two structures.
inline constexpr size_t kExpandedKeyBytes = 1008;
inline constexpr size_t kExpandedKeyAlignment = 64;
inline constexpr size_t kScratchBytes = 88;

// Loads the library at the first call. nullptr when the engine was built without its header, when the machine has
// another release or none, when the processor has no instructions for AES-GCM, or when the library's self-test failed.
const IpsecMb* ipsec_mb();

}  // namespace sallyport
