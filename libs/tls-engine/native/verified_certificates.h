#pragma once

#include <openssl/x509.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <unordered_map>

namespace sallyport {

// Remembers which certificates were verified under one list of CAs: nothing
// about the same bytes can come out otherwise later, but the time. Clients come
// back, and every renegotiation shows the certificate again. Bounded; not
// thread-safe.
class VerifiedCertificates {
 public:
  // Says whether this very certificate was good, and whether it and all above
  // it are valid at this time.
  bool contains(const X509* certificate, time_t now) const;
  // Takes a chain, the verified certificate first, that was found good in every
  // respect.
  void add(STACK_OF(X509) * chain);

 private:
  using Fingerprint = std::array<uint8_t, 32>;
  struct FirstBytes {
    size_t operator()(const Fingerprint& fingerprint) const;
  };
  struct Validity {
    time_t from;
    time_t until;
  };
  using Generation = std::unordered_map<Fingerprint, Validity, FirstBytes>;

  static std::optional<Fingerprint> fingerprint_of(const X509* certificate);
  const Validity* find(const Fingerprint& fingerprint) const;

  // When the newer is full it becomes the older, which is forgotten.
  Generation newer_;
  Generation older_;
};

}  // namespace sallyport
