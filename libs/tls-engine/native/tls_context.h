#pragma once

#include <string>
#include <string_view>

#include "openssl_handle.h"

namespace sallyport {

// PEM texts; views, so that the owner of a private key can wipe it.
struct Credentials {
  // The server's certificate, followed by what is between it and its root.
  std::string_view certificate;
  std::string_view private_key;
  // Every CA whose certificates are accepted of clients.
  std::string_view client_cas;
};

// How a TLS server introduces itself and whom it believes. Connections keep the context that they began with alive.
class TlsContext {
 public:
  // Throws Failure `bad-certificate`, `bad-private-key`, `bad-client-ca` or `crypto-failed`.
  explicit TlsContext(const Credentials& credentials);

  SSL_CTX* get() const { return context_.get(); }

 private:
  void restrict_protocol();
  void use_certificate(std::string_view pem);
  void use_private_key(std::string_view pem);
  void trust(std::string_view pem);

  ContextHandle context_;
};

}  // namespace sallyport
