#include "certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace test {

namespace {

KeyHandle make_key(KeyType type) {
  return KeyHandle(type == KeyType::ec ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048));
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  if (extension == nullptr) throw std::runtime_error("no such extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

CertificateHandle make(const char* name, long from, long to, EVP_PKEY* key) {
  static long serial = 0xAB00;
  CertificateHandle certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to);
  const auto* text = reinterpret_cast<const unsigned char*>(name);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8, text, -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(length)};
}

}  // namespace

std::string Pair::certificate_pem() const {
  const sallyport::BioHandle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  return text_of(bio.get());
}

std::string Pair::key_pem() const {
  const sallyport::BioHandle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

Ca::Ca(KeyType key_type) {
  self_.key = make_key(key_type);
  self_.certificate = make("test CA", -7200, 7200, self_.key.get());
  X509_set_issuer_name(self_.certificate.get(), X509_get_subject_name(self_.certificate.get()));
  add_extension(self_.certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(self_.certificate.get(), self_.key.get(), EVP_sha256());
}

Pair Ca::issue(const Subject& subject) const {
  Pair pair{nullptr, make_key(subject.key_type)};
  pair.certificate =
      make(subject.common_name, subject.not_before_seconds, subject.not_after_seconds, pair.key.get());
  X509_set_issuer_name(pair.certificate.get(), X509_get_subject_name(self_.certificate.get()));
  add_extension(pair.certificate.get(), NID_ext_key_usage, subject.usage);
  X509_sign(pair.certificate.get(), self_.key.get(), EVP_sha256());
  return pair;
}

}  // namespace test
