#pragma once

#include <openssl/x509.h>

#include <string>

namespace sallyport {

// What is known of the client's certificate after the handshake; all empty when it showed none.
struct PeerCertificate {
  // Hexadecimal, lower case.
  std::string sha256;
  std::string serial;
  // The subject's first, UTF-8.
  std::string common_name;
};

PeerCertificate describe(X509* certificate);

// The name by which OpenSSL's verification error is known (`X509_V_ERR_CERT_HAS_EXPIRED` without its prefix).
const char* verify_error_name(long error);

}  // namespace sallyport
