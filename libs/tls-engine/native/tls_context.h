#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "openssl_handle.h"
#include "verified_certificates.h"

namespace sallyport {

enum class Role { server, client };

// PEM texts; views, so that the owner of a private key can wipe it.
struct Credentials {
  // The own certificate, followed by what is between it and its root.
  std::string_view certificate;
  std::string_view private_key;
  // Every CA whose certificates are accepted of the other side.
  std::string_view peer_cas;
};

// How one side introduces itself and whom it believes. Connections keep the context that they began with alive. A
// client ends the handshake with a server whose chain is bad or whose certificate is not a server's.
class TlsContext {
 public:
  // Throws Failure `bad-certificate`, `bad-private-key`, `bad-client-ca` (`bad-server-ca` of a client) or
  // `crypto-failed`.
  explicit TlsContext(const Credentials& credentials, Role role = Role::server);

  SSL_CTX* get() const { return context_.get(); }
  Role role() const { return role_; }
  // Shared with the connections, which may outlive this.
  const std::shared_ptr<VerifiedCertificates>& verified() const { return verified_; }

 private:
  void restrict_protocol();
  void verify_peers();
  void use_certificate(std::string_view pem);
  void use_private_key(std::string_view pem);
  void trust(std::string_view pem);
  void complete_chain();

  Role role_;
  std::shared_ptr<VerifiedCertificates> verified_ = std::make_shared<VerifiedCertificates>();
  ContextHandle context_;
};

}  // namespace sallyport
