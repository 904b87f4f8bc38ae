#include "verified_certificates.h"

#include <ctime>
#include <memory>

#include "check.h"
#include "client.h"

using namespace test;
using sallyport::OpensslDeleter;
using sallyport::TlsContext;
using sallyport::VerifiedCertificates;

namespace {

void free_stack(STACK_OF(X509) * chain) { sk_X509_free(chain); }

void remember(VerifiedCertificates& verified, const Pair& leaf, const Pair& above) {
  const std::unique_ptr<STACK_OF(X509), OpensslDeleter<free_stack>> chain(sk_X509_new_null());
  sk_X509_push(chain.get(), leaf.certificate.get());
  sk_X509_push(chain.get(), above.certificate.get());
  verified.add(chain.get());
}

TlsContext server_of(const Ca& ca) {
  const Pair pair = ca.issue({.common_name = "server", .usage = "serverAuth"});
  return TlsContext({pair.certificate_pem(), pair.key_pem(), ca.certificate_pem()});
}

struct Answer {
  std::string verify_error;
  std::string common_name;
  int server_certificates;
};

Answer connect(const TlsContext& context, const Pair& device) {
  TlsConnection server(context);
  Client client(server, &device);
  client.exchange();
  CHECK(client.peer.has_value());
  const auto& [error, certificate, keys] = *client.peer;
  return {error == nullptr ? "" : error, certificate.common_name, sk_X509_num(SSL_get_peer_cert_chain(client.ssl()))};
}

}  // namespace

TEST("a certificate is known again as long as all of its chain is valid, and no other is") {
  const Ca ca;
  const Pair leaf = ca.issue({});
  const Pair above = ca.issue({.not_before_seconds = -60, .not_after_seconds = 60});
  const Pair other = ca.issue({});
  const time_t now = time(nullptr);
  VerifiedCertificates verified;
  CHECK(!verified.contains(leaf.certificate.get(), now));
  remember(verified, leaf, above);
  CHECK(verified.contains(leaf.certificate.get(), now));
  CHECK(verified.contains(leaf.certificate.get(), now - 30) && verified.contains(leaf.certificate.get(), now + 30));
  CHECK(!verified.contains(leaf.certificate.get(), now - 90) && !verified.contains(leaf.certificate.get(), now + 90));
  CHECK(!verified.contains(above.certificate.get(), now) && !verified.contains(other.certificate.get(), now));
}

TEST("who comes back is told from strangers as the first time, and a bad chain stays bad") {
  const Ca ca;
  const Ca foreign;
  const TlsContext context = server_of(ca);
  const Pair device = ca.issue({.common_name = "device-1"});
  const Pair expired = ca.issue({.not_after_seconds = -60});
  const Pair stranger = foreign.issue({.common_name = "device-1"});
  for (int time = 0; time < 2; ++time) {
    const Answer good = connect(context, device);
    CHECK(good.verify_error.empty() && good.common_name == "device-1");
    CHECK(connect(context, expired).verify_error == "CERT_HAS_EXPIRED");
    CHECK(connect(context, stranger).verify_error == "CERT_SIGNATURE_FAILURE");
  }
}

TEST("who was good under one list of CAs is nobody under another") {
  const Ca ca;
  const Ca foreign;
  const TlsContext context = server_of(ca);
  const TlsContext other = server_of(foreign);
  const Pair device = ca.issue({});
  CHECK(connect(context, device).verify_error.empty());
  CHECK(connect(other, device).verify_error == "CERT_SIGNATURE_FAILURE");
}

TEST("the server's root stays at home") {
  const Ca ca;
  CHECK(connect(server_of(ca), ca.issue({})).server_certificates == 1);
}
