#include "tls_connection.h"

#include <cstring>
#include <string>

#include "check.h"
#include "client.h"
#include "failure.h"

using namespace test;
using sallyport::Credentials;
using sallyport::Failure;
using sallyport::TlsContext;

namespace {

constexpr size_t kExported = sallyport::kExportedBytes;

TlsContext server_of(const Ca& ca, KeyType key_type = KeyType::ec) {
  const Pair pair = ca.issue({.common_name = "server", .key_type = key_type, .usage = "serverAuth"});
  return TlsContext({pair.certificate_pem(), pair.key_pem(), ca.certificate_pem()});
}

std::string verify_error_of(const Ca& ca, const Pair* identity, int version = TLS1_3_VERSION) {
  const TlsContext context = server_of(ca);
  TlsConnection server(context);
  Client client(server, identity, {.max_version = version});
  client.exchange();
  CHECK(client.peer.has_value());
  if (!client.peer) return "no handshake";
  return client.peer->verify_error == nullptr ? "" : client.peer->verify_error;
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

TEST("a client with a good certificate is let in and both export the same keys") {
  for (const KeyType type : {KeyType::ec, KeyType::rsa}) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      const Ca ca(type);
      const TlsContext context = server_of(ca, type);
      TlsConnection server(context);
      const Pair device = ca.issue({.common_name = "device-1", .key_type = type});
      Client client(server, &device, {.max_version = version});
      client.exchange();
      CHECK(client.established() && client.peer.has_value());
      if (!client.peer) continue;
      CHECK(client.peer->verify_error == nullptr);
      CHECK(client.peer->certificate.common_name == "device-1");
      CHECK(client.peer->certificate.sha256.size() == 64);
      CHECK(client.peer->certificate.serial.starts_with("ab"));
      const auto& keys = client.peer->keys;
      CHECK(std::memcmp(keys.data_keys.data(), client.export_keys("EXPORTER-OpenVPN-datakeys").data(), kExported) == 0);
      CHECK(std::memcmp(keys.dynamic_tls_crypt.data(),
                        client.export_keys("EXPORTER-OpenVPN-dynamic-tls-crypt").data(), kExported) == 0);
    }
  }
}

TEST("a bad chain does not end the handshake but is named") {
  const Ca ca;
  const Ca foreign;
  const Pair stranger = foreign.issue({});
  const Pair expired = ca.issue({.not_after_seconds = -60});
  const Pair early = ca.issue({.not_before_seconds = 60});
  const Pair server_like = ca.issue({.usage = "serverAuth"});
  const Pair good = ca.issue({});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CHECK(verify_error_of(ca, &good, version) == "");
    CHECK(verify_error_of(ca, nullptr, version) == "NO_CERTIFICATE");
    CHECK(verify_error_of(ca, &stranger, version) == "CERT_SIGNATURE_FAILURE");
    CHECK(verify_error_of(ca, &expired, version) == "CERT_HAS_EXPIRED");
    CHECK(verify_error_of(ca, &early, version) == "CERT_NOT_YET_VALID");
    CHECK(verify_error_of(ca, &server_like, version) == "INVALID_PURPOSE");
  }
}

TEST("records may come in any split") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  const Pair device = ca.issue({});
  for (const size_t split : {1, 2, 7, 100}) {
    TlsConnection server(context);
    Client client(server, &device, {.split = split});
    client.exchange();
    client.write("hello");
    client.exchange();
    CHECK(client.peer.has_value() && client.received == "hello|");
  }
}

TEST("one record is made of each write, and plaintext keeps its records") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  TlsConnection server(context);
  Client client(server, nullptr);
  client.exchange();
  client.write("one");
  client.write("two");
  client.exchange();
  CHECK(client.received == "one|two|");
  const Bytes record = server.send(bytes_of(std::string(16384, 'x')));
  CHECK(record.size() > 16384 && record.size() < 16384 + 64);
  CHECK((size_t{record[3]} << 8 | record[4]) == record.size() - 5);
  client.receive(record);
  CHECK(client.read() == std::string(16384, 'x'));
}

TEST("a text longer than a record is refused, and nothing is sent before the handshake") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  TlsConnection server(context);
  CHECK(server.send(bytes_of("early")).empty());
  try {
    server.send(Bytes(16385));
    CHECK(false);
  } catch (const Failure& failure) {
    CHECK(std::string(failure.code()) == "bad-argument");
  }
}

TEST("what is not TLS ends the connection with an alert and a name, once") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  for (const std::string& garbage : {std::string("this is not TLS at all"), std::string(64, '\0'),
                                     std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10)}) {
    TlsConnection server(context);
    const auto progress = server.deliver(bytes_of(garbage));
    CHECK(progress.failure.starts_with("ERR_SSL_"));
    const auto after = server.deliver(bytes_of(garbage));
    CHECK(after.failure.empty() && after.ciphertext.empty());
  }
}

TEST("a client of TLS 1.1 gets an alert") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  TlsConnection server(context);
  Client client(server, nullptr, {.max_version = TLS1_1_VERSION, .min_version = TLS1_1_VERSION});
  client.exchange();
  CHECK(client.failure == "ERR_SSL_UNSUPPORTED_PROTOCOL");
  CHECK(client.answered_bytes == 7);
}

TEST("a truncated hello waits, and every truncated or flipped hello is survived") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  TlsConnection unused(context);
  Client client(unused, nullptr);
  SSL_do_handshake(client.ssl());
  const Bytes hello = client.take_output();
  for (size_t length = 1; length < hello.size(); ++length) {
    TlsConnection server(context);
    const auto progress = server.deliver(std::span(hello).first(length));
    CHECK(progress.failure.empty() && progress.ciphertext.empty());
  }
  for (size_t i = 0; i < hello.size(); ++i) {
    Bytes flipped = hello;
    flipped[i] ^= 0x55;
    TlsConnection server(context);
    CHECK(!server.deliver(flipped).established.has_value());
  }
}

TEST("input is bounded") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  TlsConnection at_once(context);
  CHECK(at_once.deliver(Bytes(64 * 1024 + 1)).failure == "ERR_TLS_TOO_MUCH_INPUT");
  // One handshake message of 64 KiB and more, which OpenSSL would wait for the end of.
  TlsConnection by_and_by(context);
  std::string failure;
  for (int i = 0; i < 40 && failure.empty(); ++i) {
    Bytes record{0x16, 0x03, 0x01, 0x08, 0x00};
    record.resize(5 + 2048);
    if (i == 0) record[5] = 1, record[6] = 1;
    failure = by_and_by.deliver(record).failure;
  }
  CHECK(!failure.empty());
}

TEST("a client that wants to renegotiate is not listened to") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  TlsConnection server(context);
  Client client(server, nullptr, {.max_version = TLS1_2_VERSION});
  client.exchange();
  CHECK(client.peer.has_value());
  SSL_renegotiate(client.ssl());
  SSL_do_handshake(client.ssl());
  const auto progress = server.deliver(client.take_output());
  // One record, an alert (21), and no handshake.
  CHECK(!progress.established.has_value() && progress.failure.empty());
  CHECK(progress.ciphertext.size() > 5 && progress.ciphertext[0] == 21);
  CHECK(progress.ciphertext.size() == 5u + progress.ciphertext[4]);
}

TEST("nothing is resumed: there are no tickets and no session ids") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsConnection server(context);
    Client client(server, nullptr, {.max_version = version});
    client.exchange();
    client.read();
    CHECK(SSL_SESSION_is_resumable(SSL_get_session(client.ssl())) == 0);
  }
}

TEST("a close_notify of the client is the end, and a tampered record too") {
  const Ca ca;
  const TlsContext context = server_of(ca);
  TlsConnection closing(context);
  Client leaver(closing, nullptr);
  leaver.exchange();
  SSL_shutdown(leaver.ssl());
  leaver.exchange();
  CHECK(leaver.failure == "ERR_TLS_CLOSED");
  TlsConnection tampered(context);
  Client client(tampered, nullptr);
  client.exchange();
  client.write("hello");
  Bytes record = client.take_output();
  record.back() ^= 1;
  client.deliver(record);
  CHECK(client.failure == "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC");
  CHECK(client.received.empty());
}

TEST("a connection keeps the context that it began with") {
  const Ca ca;
  auto context = std::make_unique<TlsContext>(server_of(ca));
  TlsConnection server(*context);
  context.reset();
  const Pair device = ca.issue({});
  Client client(server, &device);
  client.exchange();
  CHECK(client.peer.has_value() && client.peer->verify_error == nullptr);
}

TEST("credentials that cannot be used are refused by name") {
  const Ca ca;
  const Pair pair = ca.issue({.usage = "serverAuth"});
  const Pair other = ca.issue({.usage = "serverAuth"});
  const std::string certificate = pair.certificate_pem();
  const std::string key = pair.key_pem();
  const std::string trusted = ca.certificate_pem();
  const auto code_of = [](const Credentials& credentials) {
    try {
      const TlsContext context(credentials);
      return std::string();
    } catch (const Failure& failure) {
      return std::string(failure.code());
    }
  };
  CHECK(code_of({certificate, key, trusted}).empty());
  CHECK(code_of({"", key, trusted}) == "bad-certificate");
  CHECK(code_of({certificate, "nonsense", trusted}) == "bad-private-key");
  CHECK(code_of({certificate, other.key_pem(), trusted}) == "bad-private-key");
  CHECK(code_of({certificate, key, ""}) == "bad-client-ca");
}
