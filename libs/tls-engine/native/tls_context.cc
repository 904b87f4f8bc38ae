#include "tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "failure.h"
#include "tls_connection.h"

namespace sallyport {

namespace {

// Forward secrecy only; the CBC suites are the best that some clients with old TLS libraries have.
constexpr char kTls12Ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES";
// A chain: a certificate and the few between it and the tenant's CA.
constexpr int kMaxChainDepth = 4;
constexpr size_t kMaxChainBytes = 32 * 1024;
// No certificate compression (RFC 8879; OpenSSL 3.2 began with it): a client would spend more on it than on the rest of
// the handshake, and a server would unpack what nobody has vouched for.
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
constexpr uint64_t kPlainCertificates = SSL_OP_NO_RX_CERTIFICATE_COMPRESSION | SSL_OP_NO_TX_CERTIFICATE_COMPRESSION;
#else
constexpr uint64_t kPlainCertificates = 0;
#endif

void require(bool good, const char* what) {
  if (good) return;
  ERR_clear_error();
  throw Failure("crypto-failed", std::string("OpenSSL refused to ") + what);
}

BioHandle reader(std::string_view pem) {
  BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  require(bio != nullptr, "read PEM");
  return bio;
}

CertificateHandle next_certificate(BIO* bio) {
  // An encrypted PEM block is nothing that a passphrase should be asked for on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  CertificateHandle certificate(PEM_read_bio_X509(bio, nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

}  // namespace

TlsContext::TlsContext(const Credentials& credentials, Role role)
    : role_(role), context_(SSL_CTX_new(role == Role::server ? TLS_server_method() : TLS_client_method())) {
  require(context_ != nullptr, "make a TLS context");
  restrict_protocol();
  verify_peers();
  use_certificate(credentials.certificate);
  use_private_key(credentials.private_key);
  trust(credentials.peer_cas);
  if (role_ == Role::server) complete_chain();
}

void TlsContext::restrict_protocol() {
  SSL_CTX* context = context_.get();
  require(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1, "ask for TLS 1.2");
  require(SSL_CTX_set_cipher_list(context, kTls12Ciphers) == 1, "choose ciphers");
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | kPlainCertificates);
  require(SSL_CTX_set_num_tickets(context, 0) == 1, "do without tickets");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Some clients take close_notify as an order to stop for good.
  SSL_CTX_set_quiet_shutdown(context, 1);
}

void TlsContext::verify_peers() {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_max_cert_list(context, kMaxChainBytes);
  SSL_CTX_set_verify_depth(context, kMaxChainDepth);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, role_ == Role::server ? &TlsConnection::note_verification : nullptr);
  if (role_ == Role::server) SSL_CTX_set_cert_verify_callback(context, &TlsConnection::verify_once, nullptr);
}

void TlsContext::use_certificate(std::string_view pem) {
  const BioHandle bio = reader(pem);
  const CertificateHandle leaf = next_certificate(bio.get());
  if (!leaf || SSL_CTX_use_certificate(context_.get(), leaf.get()) != 1) {
    ERR_clear_error();
    throw Failure("bad-certificate", "the certificate is not a usable PEM certificate");
  }
  while (const CertificateHandle next = next_certificate(bio.get())) {
    require(SSL_CTX_add1_chain_cert(context_.get(), next.get()) == 1, "add to the chain");
  }
}

void TlsContext::use_private_key(std::string_view pem) {
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const KeyHandle key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_passphrase, nullptr));
  const bool good =
      key && SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1 && SSL_CTX_check_private_key(context_.get()) == 1;
  ERR_clear_error();
  if (!good) throw Failure("bad-private-key", "the private key is not PEM, or not of the certificate");
}

void TlsContext::trust(std::string_view pem) {
  const BioHandle bio = reader(pem);
  int trusted = 0;
  while (const CertificateHandle ca = next_certificate(bio.get())) {
    require(X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), ca.get()) == 1, "trust a CA");
    if (role_ == Role::server) require(SSL_CTX_add_client_CA(context_.get(), ca.get()) == 1, "name a CA to clients");
    ++trusted;
  }
  if (trusted > 0) return;
  if (role_ == Role::client) throw Failure("bad-server-ca", "there is no PEM certificate among the CAs of servers");
  throw Failure("bad-client-ca", "there is no PEM certificate among the CAs of clients");
}

// OpenSSL would else put the chain together, and verify it, for each client. The root is left out: a client believes
// only its own (RFC 8446 §4.4.2).
void TlsContext::complete_chain() {
  const long flags = SSL_BUILD_CHAIN_FLAG_UNTRUSTED | SSL_BUILD_CHAIN_FLAG_NO_ROOT | SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR |
                     SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR;
  require(SSL_CTX_build_cert_chain(context_.get(), flags) > 0, "put the server's chain together");
  SSL_CTX_set_mode(context_.get(), SSL_MODE_NO_AUTO_CHAIN);
}

}  // namespace sallyport
