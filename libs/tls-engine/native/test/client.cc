#include "client.h"

#include <openssl/err.h>

#include <algorithm>

namespace test {

Client::Client(TlsConnection& server, const Pair* identity, ClientOptions options)
    : server_(server), options_(options), context_(SSL_CTX_new(TLS_client_method())) {
  // Version 1.1 exists only at security level 0.
  if (options.min_version < TLS1_2_VERSION) SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
  SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
  if (identity != nullptr) {
    SSL_CTX_use_certificate(context_.get(), identity->certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity->key.get());
  }
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl_.get());
}

void Client::exchange() {
  for (int idle = 0; idle < 2;) {
    ERR_clear_error();
    if (!established()) SSL_do_handshake(ssl_.get());
    const Bytes output = take_output();
    idle = output.empty() ? idle + 1 : 0;
    const size_t step = options_.split == 0 ? output.size() : options_.split;
    for (size_t from = 0; from < output.size(); from += step) {
      deliver(std::span(output).subspan(from, std::min(step, output.size() - from)));
    }
  }
}

void Client::deliver(std::span<const uint8_t> bytes) {
  sallyport::Progress progress = server_.deliver(bytes);
  if (progress.established) peer = std::move(progress.established);
  for (const Bytes& record : progress.plaintext) received += std::string(record.begin(), record.end()) + "|";
  if (!progress.failure.empty()) failure = progress.failure;
  receive(progress.ciphertext);
}

void Client::receive(std::span<const uint8_t> bytes) {
  answered_bytes += bytes.size();
  if (!bytes.empty()) BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
}

void Client::write(const std::string& text) {
  SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
}

std::string Client::read() {
  std::array<char, 32768> buffer;
  ERR_clear_error();
  const int length = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
  return length > 0 ? std::string(buffer.data(), static_cast<size_t>(length)) : std::string();
}

Bytes Client::take_output() {
  char* data = nullptr;
  const long length = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &data);
  Bytes bytes(data, data + length);
  BIO_reset(SSL_get_wbio(ssl_.get()));
  return bytes;
}

Bytes Client::export_keys(const std::string& label) const {
  Bytes keys(sallyport::kExportedBytes);
  SSL_export_keying_material(ssl_.get(), keys.data(), keys.size(), label.data(), label.size(), nullptr, 0, 0);
  return keys;
}

}  // namespace test
