#include "peer_certificate.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>

#include "openssl_handle.h"

namespace sallyport {

namespace {

std::string sha256_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) return {};
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::string serial_of(X509* certificate) {
  const std::unique_ptr<BIGNUM, OpensslDeleter<BN_free>> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* hex = number ? BN_bn2hex(number.get()) : nullptr;
  if (hex == nullptr) return {};
  std::string text(hex);
  OPENSSL_free(hex);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string common_name_of(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (length < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<size_t>(length));
  OPENSSL_free(utf8);
  return text;
}

}  // namespace

PeerCertificate describe(X509* certificate) {
  return {sha256_of(certificate), serial_of(certificate), common_name_of(certificate)};
}

const char* verify_error_name(long error) {
#define NAME(name)        \
  case X509_V_ERR_##name: \
    return #name
  switch (error) {
    NAME(UNABLE_TO_GET_ISSUER_CERT);
    NAME(UNABLE_TO_DECRYPT_CERT_SIGNATURE);
    NAME(UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY);
    NAME(CERT_SIGNATURE_FAILURE);
    NAME(CERT_NOT_YET_VALID);
    NAME(CERT_HAS_EXPIRED);
    NAME(ERROR_IN_CERT_NOT_BEFORE_FIELD);
    NAME(ERROR_IN_CERT_NOT_AFTER_FIELD);
    NAME(OUT_OF_MEM);
    NAME(DEPTH_ZERO_SELF_SIGNED_CERT);
    NAME(SELF_SIGNED_CERT_IN_CHAIN);
    NAME(UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    NAME(UNABLE_TO_VERIFY_LEAF_SIGNATURE);
    NAME(CERT_CHAIN_TOO_LONG);
    NAME(CERT_REVOKED);
    NAME(INVALID_CA);
    NAME(PATH_LENGTH_EXCEEDED);
    NAME(INVALID_PURPOSE);
    NAME(CERT_UNTRUSTED);
    NAME(CERT_REJECTED);
    NAME(EE_KEY_TOO_SMALL);
    NAME(CA_KEY_TOO_SMALL);
    NAME(CA_MD_TOO_WEAK);
    default:
      return "UNSPECIFIED";
  }
#undef NAME
}

}  // namespace sallyport
