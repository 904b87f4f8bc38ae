#pragma once

#include <string>

#include "openssl_handle.h"

// A certificate authority for one test.
namespace test {

using sallyport::CertificateHandle;
using sallyport::KeyHandle;

enum class KeyType { ec, rsa };

struct Pair {
  CertificateHandle certificate;
  KeyHandle key;
  std::string certificate_pem() const;
  std::string key_pem() const;
};

struct Subject {
  const char* common_name = "device";
  KeyType key_type = KeyType::ec;
  // `clientAuth` or `serverAuth`.
  const char* usage = "clientAuth";
  long not_before_seconds = -3600;
  long not_after_seconds = 3600;
};

class Ca {
 public:
  explicit Ca(KeyType key_type = KeyType::ec);
  Pair issue(const Subject& subject) const;
  std::string certificate_pem() const { return self_.certificate_pem(); }

 private:
  Pair self_;
};

}  // namespace test
