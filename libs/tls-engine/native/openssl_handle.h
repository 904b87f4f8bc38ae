#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace sallyport {

template <auto Free>
struct OpensslDeleter {
  template <class Type>
  void operator()(Type* object) const {
    Free(object);
  }
};

using BioHandle = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
using CertificateHandle = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using ContextHandle = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using SslHandle = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;

}  // namespace sallyport
