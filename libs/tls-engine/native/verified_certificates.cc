#include "verified_certificates.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace sallyport {

namespace {

constexpr size_t kMaxGeneration = 4096;

std::optional<time_t> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return timegm(&parts);
}

}  // namespace

size_t VerifiedCertificates::FirstBytes::operator()(const Fingerprint& fingerprint) const {
  size_t bytes;
  std::memcpy(&bytes, fingerprint.data(), sizeof bytes);
  return bytes;
}

std::optional<VerifiedCertificates::Fingerprint> VerifiedCertificates::fingerprint_of(const X509* certificate) {
  Fingerprint fingerprint;
  unsigned length = 0;
  const bool good = X509_digest(certificate, EVP_sha256(), fingerprint.data(), &length) == 1;
  return good && length == fingerprint.size() ? std::optional(fingerprint) : std::nullopt;
}

const VerifiedCertificates::Validity* VerifiedCertificates::find(const Fingerprint& fingerprint) const {
  for (const Generation* generation : {&newer_, &older_}) {
    const auto found = generation->find(fingerprint);
    if (found != generation->end()) return &found->second;
  }
  return nullptr;
}

bool VerifiedCertificates::contains(const X509* certificate, time_t now) const {
  if (newer_.empty()) return false;
  const auto fingerprint = fingerprint_of(certificate);
  const Validity* validity = fingerprint ? find(*fingerprint) : nullptr;
  return validity != nullptr && validity->from <= now && now < validity->until;
}

void VerifiedCertificates::add(STACK_OF(X509) * chain) {
  if (sk_X509_num(chain) < 1) return;
  const auto fingerprint = fingerprint_of(sk_X509_value(chain, 0));
  if (!fingerprint) return;
  Validity validity{std::numeric_limits<time_t>::min(), std::numeric_limits<time_t>::max()};
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const X509* certificate = sk_X509_value(chain, i);
    const auto from = time_of(X509_get0_notBefore(certificate));
    const auto until = time_of(X509_get0_notAfter(certificate));
    if (!from || !until) return;
    validity.from = std::max(validity.from, *from);
    validity.until = std::min(validity.until, *until);
  }
  if (newer_.size() >= kMaxGeneration) older_ = std::exchange(newer_, {});
  newer_.insert_or_assign(*fingerprint, validity);
}

}  // namespace sallyport
