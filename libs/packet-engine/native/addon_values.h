#pragma once

#include <arpa/inet.h>
#include <napi.h>

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine.h"
#include "failure.h"

// JavaScript's values as the engine's and back. They were checked before they came here, and are read as they come.

namespace sallyport {

inline std::span<const uint8_t> bytes_of(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

inline std::optional<std::string> optional_text(const Napi::Value& value) {
  if (value.IsUndefined()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value();
}

inline uint32_t number_of(const Napi::Value& value) { return value.As<Napi::Number>().Uint32Value(); }

inline uint64_t large_number_of(const Napi::Value& value) {
  return static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
}

inline EndPoint end_point_of(const Napi::Value& address, const Napi::Value& port) {
  const std::string text = address.As<Napi::String>();
  const auto end_point = EndPoint::parse(text, static_cast<uint16_t>(number_of(port)));
  if (!end_point) throw Failure("bad-address", text + " is not an IP address of this machine's families");
  return *end_point;
}

inline Transport transport_of(const Napi::Value& value) {
  return value.As<Napi::String>().Utf8Value() == "tcp" ? Transport::tcp : Transport::udp;
}

inline Path path_of(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  const auto end_point = [&object](const char* name) {
    const auto part = object.Get(name).As<Napi::Object>();
    return end_point_of(part.Get("address"), part.Get("port"));
  };
  const Napi::Value stream = object.Get("stream");
  return {number_of(object.Get("listener")), transport_of(object.Get("transport")), end_point("remote"),
          end_point("local"), stream.IsUndefined() ? 0 : large_number_of(stream)};
}

inline Napi::Object to_object(Napi::Env env, const EndPoint& end_point) {
  Napi::Object object = Napi::Object::New(env);
  object["address"] = end_point.address();
  object["port"] = end_point.port();
  return object;
}

inline const char* name_of(Transport transport) { return transport == Transport::udp ? "udp" : "tcp"; }

inline Napi::Object to_object(Napi::Env env, const Path& path) {
  Napi::Object object = Napi::Object::New(env);
  object["listener"] = path.listener;
  object["transport"] = name_of(path.transport);
  object["remote"] = to_object(env, path.remote);
  object["local"] = to_object(env, path.local);
  const bool tcp = path.transport == Transport::tcp;
  object["stream"] = tcp ? Napi::Number::New(env, static_cast<double>(path.stream)).As<Napi::Value>() : env.Undefined();
  return object;
}

template <class Address>
inline std::optional<Address> inner_address_of(const Napi::Value& value, int family) {
  const auto text = optional_text(value);
  if (!text) return std::nullopt;
  Address address;
  if (inet_pton(family, text->c_str(), address.data()) != 1) {
    throw Failure("bad-address", *text + " is not an inner " + (family == AF_INET ? "IPv4" : "IPv6") + " address");
  }
  return address;
}

// ADDRESS/LENGTH, nothing behind the prefix.
inline InnerPrefix inner_prefix_of(const std::string& text) {
  const auto refuse = [&text] { return Failure("bad-address", text + " is not a prefix in the form ADDRESS/LENGTH"); };
  const size_t slash = text.find('/');
  if (slash == std::string::npos) throw refuse();
  const std::string address = text.substr(0, slash);
  const auto fill = [&](auto prefix, int family) -> InnerPrefix {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, prefix.length);
    if (error != std::errc() || rest != end || prefix.length > prefix.kMaxLength) throw refuse();
    if (inet_pton(family, address.c_str(), prefix.address.data()) != 1) throw refuse();
    if (prefix.masked() != prefix) throw Failure("bad-address", text + " has bits behind its prefix");
    return prefix;
  };
  return address.find(':') == std::string::npos ? fill(Ipv4Prefix{}, AF_INET) : fill(Ipv6Prefix{}, AF_INET6);
}

inline std::vector<InnerPrefix> inner_prefixes_of(const Napi::Value& value) {
  const auto texts = value.As<Napi::Array>();
  std::vector<InnerPrefix> prefixes;
  for (uint32_t i = 0; i < texts.Length(); ++i) {
    prefixes.push_back(inner_prefix_of(texts.Get(i).As<Napi::String>().Utf8Value()));
  }
  return prefixes;
}

inline RouteBy route_by_of(const Napi::Value& value) {
  return value.As<Napi::String>().Utf8Value() == "source" ? RouteBy::source : RouteBy::destination;
}

inline EngineOptions engine_options_of(const Napi::Value& value) {
  return {number_of(value.As<Napi::Object>().Get("dataThreads"))};
}

// `copy`, or a number.
inline Dscp dscp_of(const Napi::Value& value) {
  if (value.IsString()) return {true, 0};
  return {false, static_cast<uint8_t>(number_of(value))};
}

inline SegmentLimit segment_limit_of(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  const auto limit = [&object](const char* name) { return static_cast<uint16_t>(number_of(object.Get(name))); };
  return {limit("ipv4"), limit("ipv6")};
}

inline TrafficRate traffic_rate_of(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  const auto number = [&object](const char* name) { return large_number_of(object.Get(name)); };
  return {{number("bytes"), number("burstBytes")}, {number("packets"), number("burstPackets")}};
}

inline Napi::Object to_object(Napi::Env env, const PeerStatistics& statistics) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, uint64_t value) { object[name] = Napi::BigInt::New(env, value); };
  set("receivedBytes", statistics.received_bytes);
  set("receivedPackets", statistics.received_packets);
  set("sentBytes", statistics.sent_bytes);
  set("sentPackets", statistics.sent_packets);
  set("transportReceivedBytes", statistics.transport_received_bytes);
  set("transportSentBytes", statistics.transport_sent_bytes);
  return object;
}

inline const char* drop_name(size_t place) { return kCounterNames[static_cast<size_t>(kNetworkDrops[place])]; }

inline Napi::Object drops_to_object(Napi::Env env, const std::vector<uint64_t>& drops) {
  Napi::Object object = Napi::Object::New(env);
  for (size_t i = 0; i < drops.size(); ++i) object[drop_name(i)] = Napi::BigInt::New(env, drops[i]);
  return object;
}

inline Napi::Array drop_names(Napi::Env env, size_t count) {
  Napi::Array names = Napi::Array::New(env, count);
  for (size_t i = 0; i < count; ++i) names[static_cast<uint32_t>(i)] = drop_name(i);
  return names;
}

inline Slot slot_of(const Napi::Value& value) {
  return value.As<Napi::String>().Utf8Value() == "primary" ? Slot::primary : Slot::secondary;
}

inline Cipher cipher_of(const Napi::Value& value) {
  const std::string name = value.As<Napi::String>();
  if (name == "AES-256-GCM") return Cipher::aes_256_gcm;
  if (name == "AES-128-GCM") return Cipher::aes_128_gcm;
  if (name == "CHACHA20-POLY1305") return Cipher::chacha20_poly1305;
  throw Failure("bad-argument", name + " is not a data cipher of the engine");
}

inline CipherLibrary cipher_library_of(const Napi::Value& value) {
  const std::string name = value.As<Napi::String>();
  if (name == "auto") return best_cipher_library();
  for (const CipherLibrary library : {CipherLibrary::openssl, CipherLibrary::ipsec_mb}) {
    if (name != kCipherLibraryNames[static_cast<size_t>(library)]) continue;
    if (has_cipher_library(library)) return library;
    throw Failure("cipher-library-missing", "this machine, or the build of the engine, has no " + name);
  }
  throw Failure("bad-argument", name + " is not a cipher library of the engine");
}

inline Napi::Object to_object(Napi::Env env, const Event& event) {
  Napi::Object object = Napi::Object::New(env);
  if (event.type == Event::Type::offload_lost) {
    object["type"] = "offload-lost";
    object["what"] = kOffloadNames[static_cast<size_t>(event.offload)];
    return object;
  }
  if (event.type == Event::Type::network_lost) {
    object["type"] = "network-lost";
    object["network"] = event.peer_id;
    return object;
  }
  object["peerId"] = event.peer_id;
  switch (event.type) {
    case Event::Type::key_used:
      object["type"] = "key-used";
      object["keyId"] = uint32_t{event.key_id};
      break;
    case Event::Type::key_limit:
      object["type"] = "key-limit";
      object["keyId"] = uint32_t{event.key_id};
      object["reason"] = kLimitReasonNames[static_cast<size_t>(event.reason)];
      break;
    case Event::Type::peer_timeout:
      object["type"] = "peer-timeout";
      break;
    case Event::Type::occ_exit:
      object["type"] = "occ-exit";
      break;
    case Event::Type::offload_lost:
    case Event::Type::network_lost:
      break;
  }
  return object;
}

inline Napi::Object to_object(Napi::Env env, const ControlPacket& packet) {
  Napi::Object object = Napi::Object::New(env);
  object["path"] = to_object(env, packet.path);
  object["bytes"] = Napi::Buffer<uint8_t>::Copy(env, packet.bytes.data(), packet.bytes.size());
  return object;
}

inline Napi::Object to_object(Napi::Env env, const std::pair<const uint32_t, Path>& moved) {
  Napi::Object object = Napi::Object::New(env);
  object["type"] = "peer-float";
  object["peerId"] = moved.first;
  object["path"] = to_object(env, moved.second);
  return object;
}

inline Napi::Object to_object(Napi::Env env, const StreamClosed& closed) {
  Napi::Object object = Napi::Object::New(env);
  object["type"] = "stream-closed";
  object["stream"] = static_cast<double>(closed.path.stream);
  object["path"] = to_object(env, closed.path);
  object["peerId"] = closed.peer_id ? Napi::Number::New(env, *closed.peer_id).As<Napi::Value>() : env.Undefined();
  object["reason"] = kCloseReasonNames[static_cast<size_t>(closed.reason)];
  return object;
}

// The receiver owns the descriptor from here on.
inline Napi::Object to_object(Napi::Env env, ForeignStream& stream) {
  Napi::Object object = Napi::Object::New(env);
  object["listener"] = stream.path.listener;
  object["remote"] = to_object(env, stream.path.remote);
  object["bytes"] = Napi::Buffer<uint8_t>::Copy(env, stream.bytes.data(), stream.bytes.size());
  object["fd"] = stream.socket.release();
  return object;
}

template <class Items>
inline Napi::Array to_array(Napi::Env env, Items&& items) {
  Napi::Array array = Napi::Array::New(env, items.size());
  uint32_t index = 0;
  for (auto& item : items) array[index++] = to_object(env, item);
  return array;
}

inline KeyMaterial key_material_of(const Napi::Value& value, CipherLibrary library) {
  const auto object = value.As<Napi::Object>();
  const auto limit = [&object](const char* name) {
    const Napi::Value given = object.Get(name);
    bool lossless;
    return given.IsUndefined() ? UINT64_MAX : given.As<Napi::BigInt>().Uint64Value(&lossless);
  };
  KeyMaterial material{cipher_of(object.Get("cipher")), static_cast<uint8_t>(number_of(object.Get("keyId"))),
                       bytes_of(object.Get("sealKey")), bytes_of(object.Get("sealIv")),
                       bytes_of(object.Get("openKey")), bytes_of(object.Get("openIv"))};
  material.first_packet_id = large_number_of(object.Get("firstPacketId"));
  material.epoch = object.Get("format").As<Napi::String>().Utf8Value() == "epoch";
  material.lzo_byte = object.Get("framing").As<Napi::String>().Utf8Value() == "lzo-byte";
  material.traffic_limits = {limit("packetLimit"), limit("byteLimit")};
  material.library = library;
  return material;
}

}  // namespace sallyport
