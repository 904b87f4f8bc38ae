#include "tls_connection.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <string_view>

#include "failure.h"

namespace sallyport {

namespace {

constexpr std::string_view kDataKeysLabel = "EXPORTER-OpenVPN-datakeys";
constexpr std::string_view kDynamicTlsCryptLabel = "EXPORTER-OpenVPN-dynamic-tls-crypt";

// `wrong version number` of the TLS part of OpenSSL becomes `ERR_SSL_WRONG_VERSION_NUMBER`, as Node names it.
std::string error_code(unsigned long error) {
  const char* reason = ERR_reason_error_string(error);
  if (reason == nullptr) return "ERR_TLS_UNKNOWN";
  std::string code = ERR_GET_LIB(error) == ERR_LIB_SSL ? "ERR_SSL_" : "ERR_OSSL_";
  std::ranges::transform(std::string_view(reason), std::back_inserter(code), [](unsigned char c) {
    return std::isalnum(c) != 0 ? static_cast<char>(std::toupper(c)) : '_';
  });
  return code;
}

// The first of what OpenSSL reported names the cause; but before the news that a chain is bad stands what made it so.
unsigned long telling_error() {
  const unsigned long last = ERR_peek_last_error();
  const bool is_chain = ERR_GET_LIB(last) == ERR_LIB_SSL && ERR_GET_REASON(last) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  return is_chain ? last : ERR_peek_error();
}

void append_record(std::vector<Bytes>& records, std::span<const uint8_t> record) {
  records.emplace_back(record.begin(), record.end());
}

}  // namespace

ExportedKeys::~ExportedKeys() {
  OPENSSL_cleanse(data_keys.data(), data_keys.size());
  OPENSSL_cleanse(dynamic_tls_crypt.data(), dynamic_tls_crypt.size());
}

TlsConnection::TlsConnection(const TlsContext& context)
    : verified_(context.verified()), ssl_(SSL_new(context.get())), begun_(context.role() == Role::server) {
  BioHandle input(BIO_new(BIO_s_mem()));
  BioHandle output(BIO_new(BIO_s_mem()));
  if (!ssl_ || !input || !output) throw Failure("crypto-failed", "OpenSSL refused to make a TLS connection");
  input_ = input.get();
  output_ = output.get();
  SSL_set_bio(ssl_.get(), input.release(), output.release());
  SSL_set_app_data(ssl_.get(), this);
  if (context.role() == Role::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

TlsConnection& TlsConnection::connection_of(X509_STORE_CTX* store) {
  const void* ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  return *static_cast<TlsConnection*>(SSL_get_app_data(static_cast<const SSL*>(ssl)));
}

int TlsConnection::note_verification(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  TlsConnection& connection = connection_of(store);
  if (connection.first_verify_error_ == X509_V_OK) connection.first_verify_error_ = X509_STORE_CTX_get_error(store);
  return 1;
}

int TlsConnection::verify_once(X509_STORE_CTX* store, void*) {
  const TlsConnection& connection = connection_of(store);
  VerifiedCertificates& verified = *connection.verified_;
  if (verified.contains(X509_STORE_CTX_get0_cert(store), time(nullptr))) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  const int result = X509_verify_cert(store);
  const bool good = X509_STORE_CTX_get_error(store) == X509_V_OK && connection.first_verify_error_ == X509_V_OK;
  if (result == 1 && good) verified.add(X509_STORE_CTX_get0_chain(store));
  return result;
}

Progress TlsConnection::begin() {
  Progress progress;
  if (begun_ || failed_) return progress;
  begun_ = true;
  ERR_clear_error();
  handshake(progress);
  progress.ciphertext = take_output();
  return progress;
}

Progress TlsConnection::deliver(std::span<const uint8_t> bytes) {
  Progress progress;
  if (failed_ || bytes.empty()) return progress;
  if (!established_) handshake_bytes_ += bytes.size();
  if (bytes.size() > kMaxDeliveryBytes || handshake_bytes_ > kMaxHandshakeBytes) {
    fail(progress, "ERR_TLS_TOO_MUCH_INPUT");
    return progress;
  }
  ERR_clear_error();
  if (BIO_write(input_, bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size())) {
    fail(progress, "ERR_TLS_OUT_OF_MEMORY");
    return progress;
  }
  if (!established_) handshake(progress);
  if (established_) read(progress);
  progress.ciphertext = take_output();
  return progress;
}

void TlsConnection::handshake(Progress& progress) {
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    fail_with_last_error(progress, result);
    return;
  }
  established_ = true;
  progress.established.emplace(describe_peer());
}

void TlsConnection::read(Progress& progress) {
  std::array<uint8_t, kMaxRecordBytes> buffer;
  size_t used = 0;
  for (;;) {
    const int length = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (length <= 0) {
      fail_with_last_error(progress, length);
      break;
    }
    append_record(progress.plaintext, {buffer.data(), static_cast<size_t>(length)});
    used = std::max(used, static_cast<size_t>(length));
  }
  // Passwords come this way.
  OPENSSL_cleanse(buffer.data(), used);
}

Established TlsConnection::describe_peer() const {
  Established established{};
  const CertificateHandle certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (certificate) {
    const long last = SSL_get_verify_result(ssl_.get());
    const long error = last == X509_V_OK ? first_verify_error_ : last;
    established.verify_error = error == X509_V_OK ? nullptr : verify_error_name(error);
    established.certificate = describe(certificate.get());
  } else {
    established.verify_error = "NO_CERTIFICATE";
  }
  export_keys(established.keys);
  return established;
}

void TlsConnection::export_keys(ExportedKeys& keys) const {
  const auto fill = [this](std::span<uint8_t> target, std::string_view label) {
    // No context, which TLS 1.2 tells from an empty one.
    return SSL_export_keying_material(ssl_.get(), target.data(), target.size(), label.data(), label.size(), nullptr, 0,
                                      0) == 1;
  };
  if (fill(keys.data_keys, kDataKeysLabel) && fill(keys.dynamic_tls_crypt, kDynamicTlsCryptLabel)) return;
  throw Failure("crypto-failed", "OpenSSL refused to export key material");
}

Bytes TlsConnection::send(std::span<const uint8_t> plaintext) {
  if (plaintext.size() > kMaxRecordBytes) {
    throw Failure("bad-argument", "a record carries at most " + std::to_string(kMaxRecordBytes) + " bytes");
  }
  if (!established_ || failed_ || plaintext.empty()) return {};
  ERR_clear_error();
  const int length = static_cast<int>(plaintext.size());
  if (SSL_write(ssl_.get(), plaintext.data(), length) != length) {
    ERR_clear_error();
    throw Failure("crypto-failed", "OpenSSL refused to seal a record");
  }
  return take_output();
}

Bytes TlsConnection::take_output() {
  char* data = nullptr;
  const long length = BIO_get_mem_data(output_, &data);
  Bytes bytes(data, data + length);
  BIO_reset(output_);
  return bytes;
}

void TlsConnection::fail(Progress& progress, std::string code) {
  failed_ = true;
  progress.failure = std::move(code);
}

// Anything but the wish for more input is the end; an alert may wait in the output.
void TlsConnection::fail_with_last_error(Progress& progress, int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      fail(progress, "ERR_TLS_CLOSED");
      return;
    default:
      fail(progress, error_code(telling_error()));
      ERR_clear_error();
  }
}

}  // namespace sallyport
