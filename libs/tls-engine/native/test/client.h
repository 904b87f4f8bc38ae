#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "certificates.h"
#include "tls_connection.h"

namespace test {

using sallyport::Bytes;
using sallyport::TlsConnection;

struct ClientOptions {
  int max_version = TLS1_3_VERSION;
  int min_version = TLS1_2_VERSION;
  // Bytes that reach the server at a time; 0 for all at once.
  size_t split = 0;
};

// The other end: OpenSSL as a TLS client, joined to a TlsConnection by hand.
class Client {
 public:
  Client(TlsConnection& server, const Pair* identity, ClientOptions options = {});

  // Exchanges records until both have nothing more to say.
  void exchange();
  void write(const std::string& text);
  std::string read();
  // What the client would send next, without sending it.
  Bytes take_output();
  // Hands bytes to the server, and what it answers to the client.
  void deliver(std::span<const uint8_t> bytes);
  void receive(std::span<const uint8_t> bytes);

  SSL* ssl() { return ssl_.get(); }
  bool established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  Bytes export_keys(const std::string& label) const;

  // What the server said so far.
  std::optional<sallyport::Established> peer;
  std::string received;
  std::string failure;
  size_t answered_bytes = 0;

 private:
  TlsConnection& server_;
  ClientOptions options_;
  sallyport::ContextHandle context_;
  sallyport::SslHandle ssl_;
};

}  // namespace test
