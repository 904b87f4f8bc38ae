#include "epoch_secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "failure.h"

namespace sallyport {

namespace {

constexpr size_t kHashBytes = 32;
constexpr std::string_view kLabelPrefix = "ovpn ";

// HkdfLabel of RFC 8446 and the block number of HKDF-Expand, which is 1, since one block is enough.
std::vector<uint8_t> make_info(std::string_view label, size_t output_bytes) {
  std::vector<uint8_t> info = {static_cast<uint8_t>(output_bytes >> 8), static_cast<uint8_t>(output_bytes),
                               static_cast<uint8_t>(kLabelPrefix.size() + label.size())};
  std::copy(kLabelPrefix.begin(), kLabelPrefix.end(), std::back_inserter(info));
  std::copy(label.begin(), label.end(), std::back_inserter(info));
  info.insert(info.end(), {0, 1});
  return info;
}

}  // namespace

void expand_label(std::span<const uint8_t> secret, std::string_view label, std::span<uint8_t> output) {
  const std::vector<uint8_t> info = make_info(label, output.size());
  Secret<kHashBytes> block;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), info.data(), info.size(), block.data(),
           nullptr) == nullptr) {
    throw Failure("crypto-failed", "OpenSSL refused to compute an HMAC");
  }
  std::copy_n(block.begin(), output.size(), output.begin());
}

EpochSecret copy_epoch_secret(std::span<const uint8_t> secret) {
  if (secret.size() != kEpochSecretBytes) {
    throw Failure("bad-key-length", "the secret of an epoch must have 32 bytes, not " + std::to_string(secret.size()));
  }
  EpochSecret copy;
  std::copy(secret.begin(), secret.end(), copy.begin());
  return copy;
}

EpochSecret next_epoch(const EpochSecret& secret) {
  EpochSecret next;
  expand_label(secret, "datakey upd", next);
  return next;
}

Aead epoch_aead(const CipherChoice& choice, Aead::Direction direction, const EpochSecret& secret) {
  Secret<kEpochSecretBytes> key;
  const auto used = std::span(key).first(key_bytes(choice.cipher));
  expand_label(secret, "data_key", used);
  return Aead(choice, direction, used);
}

EpochIv epoch_iv(const EpochSecret& secret) {
  EpochIv iv;
  expand_label(secret, "data_iv", iv);
  return iv;
}

}  // namespace sallyport
