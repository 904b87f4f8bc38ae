#include <napi.h>
#include <openssl/crypto.h>

#include <memory>
#include <string>

#include "failure.h"
#include "primitives.h"
#include "tls_connection.h"
#include "tls_context.h"

// The binding and nothing else: src/native-binding.ts says what goes in and comes out; types are checked there.

namespace sallyport {

namespace {

std::span<const uint8_t> bytes_of(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

std::span<uint8_t> room_of(const Napi::Value& value) {
  auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

Napi::Value to_buffer(Napi::Env env, std::span<const uint8_t> bytes) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

// A copy of a text that may be a private key.
class WipedText {
 public:
  explicit WipedText(const Napi::Value& value) : text_(value.As<Napi::String>().Utf8Value()) {}
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;
  ~WipedText() { OPENSSL_cleanse(text_.data(), text_.size()); }
  std::string_view view() const { return text_; }

 private:
  std::string text_;
};

Napi::Value to_object(Napi::Env env, const Established& established) {
  const auto& [error, certificate, keys] = established;
  Napi::Object object = Napi::Object::New(env);
  object["verifyError"] = error == nullptr ? env.Undefined() : Napi::String::New(env, error);
  object["certificateSha256"] = certificate.sha256;
  object["certificateSerial"] = certificate.serial;
  object["commonName"] = certificate.common_name;
  object["dataKeys"] = to_buffer(env, keys.data_keys);
  object["dynamicTlsCrypt"] = to_buffer(env, keys.dynamic_tls_crypt);
  return object;
}

// [ciphertext, established, plaintext, failure], each undefined when there is none.
Napi::Value to_array(Napi::Env env, const Progress& progress) {
  Napi::Array array = Napi::Array::New(env, 4);
  array[0u] = progress.ciphertext.empty() ? env.Undefined() : to_buffer(env, progress.ciphertext);
  array[1u] = progress.established ? to_object(env, *progress.established) : env.Undefined();
  Napi::Value plaintext = env.Undefined();
  if (!progress.plaintext.empty()) {
    Napi::Array records = Napi::Array::New(env, progress.plaintext.size());
    for (uint32_t i = 0; i < records.Length(); ++i) records[i] = to_buffer(env, progress.plaintext[i]);
    plaintext = records;
  }
  array[2u] = plaintext;
  array[3u] = progress.failure.empty() ? env.Undefined() : Napi::String::New(env, progress.failure);
  return array;
}

// Runs a verb and turns its failure into the TlsEngineError whose constructor JavaScript gave.
template <class Verb>
auto run(Napi::Env env, const Napi::FunctionReference& error, Verb verb) -> decltype(verb()) {
  try {
    return verb();
  } catch (const Failure& failure) {
    throw Napi::Error(env, error.New({Napi::String::New(env, failure.code()), Napi::String::New(env, failure.what())}));
  }
}

void wipe(Progress& progress) {
  for (Bytes& record : progress.plaintext) OPENSSL_cleanse(record.data(), record.size());
}

}  // namespace

// new Context(TlsEngineError, role, certificate, privateKey, peerCas); the role is `server` or `client`.
class ContextBinding : public Napi::ObjectWrap<ContextBinding> {
 public:
  static Napi::Function define(Napi::Env env) { return DefineClass(env, "Context", {}); }

  explicit ContextBinding(const Napi::CallbackInfo& info)
      : ObjectWrap(info), error_(Napi::Persistent(info[0].As<Napi::Function>())) {
    const Role role = info[1].As<Napi::String>().Utf8Value() == "client" ? Role::client : Role::server;
    const WipedText certificate(info[2]);
    const WipedText private_key(info[3]);
    const WipedText peer_cas(info[4]);
    const Credentials credentials{certificate.view(), private_key.view(), peer_cas.view()};
    run(info.Env(), error_, [&] { context_ = std::make_unique<TlsContext>(credentials, role); });
  }

  const TlsContext& context() const { return *context_; }
  const Napi::FunctionReference& error() const { return error_; }

 private:
  Napi::FunctionReference error_;
  std::unique_ptr<TlsContext> context_;
};

// new Connection(context)
class ConnectionBinding : public Napi::ObjectWrap<ConnectionBinding> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Connection",
                       {InstanceMethod("begin", &ConnectionBinding::begin),
                        InstanceMethod("deliver", &ConnectionBinding::deliver),
                        InstanceMethod("send", &ConnectionBinding::send),
                        InstanceMethod("stop", &ConnectionBinding::stop)});
  }

  explicit ConnectionBinding(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const ContextBinding* context = ContextBinding::Unwrap(info[0].As<Napi::Object>());
    error_ = Napi::Persistent(context->error().Value());
    run(info.Env(), context->error(), [&] { connection_ = std::make_unique<TlsConnection>(context->context()); });
  }

 private:
  Napi::Value begin(const Napi::CallbackInfo& info) {
    if (!connection_) return to_array(info.Env(), Progress{});
    return to_array(info.Env(), run(info.Env(), error_, [&] { return connection_->begin(); }));
  }

  Napi::Value deliver(const Napi::CallbackInfo& info) {
    if (!connection_) return to_array(info.Env(), Progress{});
    Progress progress = run(info.Env(), error_, [&] { return connection_->deliver(bytes_of(info[0])); });
    const Napi::Value result = to_array(info.Env(), progress);
    wipe(progress);
    return result;
  }

  Napi::Value send(const Napi::CallbackInfo& info) {
    if (!connection_) return to_buffer(info.Env(), {});
    return to_buffer(info.Env(), run(info.Env(), error_, [&] { return connection_->send(bytes_of(info[0])); }));
  }

  void stop(const Napi::CallbackInfo&) { connection_.reset(); }

  Napi::FunctionReference error_;
  std::unique_ptr<TlsConnection> connection_;
};

// new Primitives(TlsEngineError)
class PrimitivesBinding : public Napi::ObjectWrap<PrimitivesBinding> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Primitives",
                       {InstanceMethod("hmac", &PrimitivesBinding::hmac),
                        InstanceMethod("aes256Ctr", &PrimitivesBinding::aes_256_ctr)});
  }

  explicit PrimitivesBinding(const Napi::CallbackInfo& info)
      : ObjectWrap(info), error_(Napi::Persistent(info[0].As<Napi::Function>())) {
    run(info.Env(), error_, [this] { primitives_ = std::make_unique<Primitives>(); });
  }

 private:
  // hmac(digest, key, parts, tag): fills `tag`, which has room for the digest. The caller's memory costs it less than ours.
  void hmac(const Napi::CallbackInfo& info) {
    const auto digest = static_cast<Digest>(info[0].As<Napi::Number>().Uint32Value());
    const auto array = info[2].As<Napi::Array>();
    std::vector<std::span<const uint8_t>> parts(array.Length());
    for (uint32_t i = 0; i < parts.size(); ++i) parts[i] = bytes_of(array.Get(i));
    run(info.Env(), error_, [&] { primitives_->hmac(digest, bytes_of(info[1]), parts, room_of(info[3])); });
  }

  // aes256Ctr(key, counterBlock, text, result): fills `result`, which is as long as the text.
  void aes_256_ctr(const Napi::CallbackInfo& info) {
    run(info.Env(), error_, [&] {
      primitives_->aes_256_ctr(bytes_of(info[0]), bytes_of(info[1]), bytes_of(info[2]), room_of(info[3]));
    });
  }

  Napi::FunctionReference error_;
  std::unique_ptr<Primitives> primitives_;
};

}  // namespace sallyport

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports["Context"] = sallyport::ContextBinding::define(env);
  exports["Primitives"] = sallyport::PrimitivesBinding::define(env);
  exports["Connection"] = sallyport::ConnectionBinding::define(env);
  return exports;
}

NODE_API_MODULE(tls_engine, initialize)
