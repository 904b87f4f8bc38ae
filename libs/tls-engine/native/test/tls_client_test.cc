#include <cstring>
#include <string>

#include "certificates.h"
#include "check.h"
#include "failure.h"
#include "tls_connection.h"

using namespace test;
using sallyport::Bytes;
using sallyport::Failure;
using sallyport::Progress;
using sallyport::Role;
using sallyport::TlsConnection;
using sallyport::TlsContext;

namespace {

TlsContext context_of(const Ca& ca, Role role, const char* usage) {
  const Pair pair = ca.issue({.common_name = role == Role::server ? "server" : "device-1", .usage = usage});
  return TlsContext({pair.certificate_pem(), pair.key_pem(), ca.certificate_pem()}, role);
}

// What both ends told their owners in a handshake without loss.
struct Handshake {
  std::optional<sallyport::Established> client;
  std::optional<sallyport::Established> server;
  std::string client_failure;
};

Handshake shake_hands(TlsConnection& client, TlsConnection& server) {
  Handshake result;
  Bytes to_server = client.begin().ciphertext;
  while (!to_server.empty()) {
    Progress answered = server.deliver(to_server);
    if (answered.established) result.server = std::move(answered.established);
    Progress progress = client.deliver(answered.ciphertext);
    if (progress.established) result.client = std::move(progress.established);
    if (!progress.failure.empty()) result.client_failure = progress.failure;
    to_server = progress.ciphertext;
  }
  return result;
}

}  // namespace

TEST(
    "our client and our server know each other, export the same keys, and "
    "exchange records") {
  const Ca ca;
  const TlsContext server_context = context_of(ca, Role::server, "serverAuth");
  const TlsContext client_context = context_of(ca, Role::client, "clientAuth");
  TlsConnection server(server_context);
  TlsConnection client(client_context);
  const Handshake result = shake_hands(client, server);
  CHECK(result.client.has_value() && result.server.has_value());
  if (!result.client || !result.server) return;
  CHECK(result.client->certificate.common_name == "server");
  CHECK(result.server->certificate.common_name == "device-1");
  CHECK(result.client->keys.data_keys == result.server->keys.data_keys);
  CHECK(result.client->keys.dynamic_tls_crypt == result.server->keys.dynamic_tls_crypt);
  const Bytes text{'t', 'e', 'x', 't'};
  const Progress received = server.deliver(client.send(text));
  CHECK(received.plaintext.size() == 1 && received.plaintext.front() == text);
  const Progress answer = client.deliver(server.send(text));
  CHECK(answer.plaintext.size() == 1 && answer.plaintext.front() == text);
}

TEST(
    "a client gives up on a server of another CA, and on one whose "
    "certificate is a client's") {
  const Ca ca;
  const Ca foreign;
  for (const bool is_foreign : {true, false}) {
    const TlsContext server_context =
        is_foreign ? context_of(foreign, Role::server, "serverAuth") : context_of(ca, Role::server, "clientAuth");
    const TlsContext client_context = context_of(ca, Role::client, "clientAuth");
    TlsConnection server(server_context);
    TlsConnection client(client_context);
    const Handshake result = shake_hands(client, server);
    CHECK(!result.client.has_value());
    CHECK(result.client_failure == "ERR_SSL_CERTIFICATE_VERIFY_FAILED");
  }
}

TEST("a client begins once, and a server never") {
  const Ca ca;
  const TlsContext server_context = context_of(ca, Role::server, "serverAuth");
  const TlsContext client_context = context_of(ca, Role::client, "clientAuth");
  TlsConnection client(client_context);
  CHECK(!client.begin().ciphertext.empty());
  CHECK(client.begin().ciphertext.empty());
  CHECK(TlsConnection(server_context).begin().ciphertext.empty());
}

TEST("a client without a CA to trust is refused") {
  const Ca ca;
  const Pair pair = ca.issue({});
  try {
    const TlsContext context({pair.certificate_pem(), pair.key_pem(), "nonsense"}, Role::client);
    CHECK(false);
  } catch (const Failure& failure) {
    CHECK(std::string(failure.code()) == "bad-server-ca");
  }
}
