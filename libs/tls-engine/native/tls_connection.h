#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "openssl_handle.h"
#include "peer_certificate.h"
#include "tls_context.h"
#include "verified_certificates.h"

namespace sallyport {

using Bytes = std::vector<uint8_t>;

inline constexpr size_t kExportedBytes = 256;
// Of one delivery; far more than a control packet carries.
inline constexpr size_t kMaxDeliveryBytes = 64 * 1024;
// From a peer while the handshake is not done.
inline constexpr size_t kMaxHandshakeBytes = 64 * 1024;
// Of one TLS record (RFC 8446 §5.1).
inline constexpr size_t kMaxRecordBytes = 16 * 1024;

// Key material exported to OpenVPN (RFC 5705, RFC 8446 §7.5); wiped when it goes.
class ExportedKeys {
 public:
  ExportedKeys() = default;
  ExportedKeys(const ExportedKeys&) = default;
  ExportedKeys& operator=(const ExportedKeys&) = default;
  ~ExportedKeys();

  std::array<uint8_t, kExportedBytes> data_keys{};
  std::array<uint8_t, kExportedBytes> dynamic_tls_crypt{};
};

struct Established {
  // Null when the chain is good. A bad one does not end the handshake: the owner tells the client by other means.
  const char* verify_error;
  PeerCertificate certificate;
  ExportedKeys keys;
};

// What came of bytes from the peer, in the order in which the owner should act on it.
struct Progress {
  // Records to send, alerts included.
  Bytes ciphertext;
  std::optional<Established> established;
  // One for each record with application data.
  std::vector<Bytes> plaintext;
  // Why the connection is over; empty while it is not.
  std::string failure;
};

// One end of a TLS connection, without a socket: records in, records out. Not thread-safe, no callbacks.
class TlsConnection {
 public:
  // Throws Failure `crypto-failed`.
  explicit TlsConnection(const TlsContext& context);
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  // Makes a client's first records; nothing comes of it for a server, or of a second call.
  Progress begin();
  // Takes received bytes in any split. After a failure nothing more comes of anything.
  Progress deliver(std::span<const uint8_t> bytes);
  // Makes one record; empty before the handshake is done and after a failure. Throws Failure `bad-argument` when the
  // text is longer than a record.
  Bytes send(std::span<const uint8_t> plaintext);

  // The verify callbacks of every server's context: they let the handshake go on and keep the first error. A chain that
  // was good before is not verified again.
  static int note_verification(int good, X509_STORE_CTX* store);
  static int verify_once(X509_STORE_CTX* store, void*);

 private:
  void handshake(Progress& progress);
  void read(Progress& progress);
  Established describe_peer() const;
  void export_keys(ExportedKeys& keys) const;
  Bytes take_output();
  void fail(Progress& progress, std::string code);
  void fail_with_last_error(Progress& progress, int result);

  static TlsConnection& connection_of(X509_STORE_CTX* store);

  std::shared_ptr<VerifiedCertificates> verified_;
  SslHandle ssl_;
  // Both belong to ssl_.
  BIO* input_ = nullptr;
  BIO* output_ = nullptr;
  bool begun_;
  size_t handshake_bytes_ = 0;
  long first_verify_error_ = 0;
  bool established_ = false;
  bool failed_ = false;
};

}  // namespace sallyport
