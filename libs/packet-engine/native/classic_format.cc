#include "classic_format.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>

#include "big_endian.h"
#include "failure.h"

namespace sallyport {

namespace {

using Nonce = std::array<uint8_t, kNonceBytes>;

std::array<uint8_t, ClassicFormat::kImplicitIvBytes> copy_iv(std::span<const uint8_t> iv) {
  if (iv.size() != ClassicFormat::kImplicitIvBytes) {
    throw Failure("bad-key-length", "the implicit IV must have 8 bytes, not " + std::to_string(iv.size()));
  }
  std::array<uint8_t, ClassicFormat::kImplicitIvBytes> copy;
  std::copy(iv.begin(), iv.end(), copy.begin());
  return copy;
}

Nonce make_nonce(std::span<const uint8_t> packet_id, const std::array<uint8_t, ClassicFormat::kImplicitIvBytes>& iv) {
  Nonce nonce;
  std::copy(iv.begin(), iv.end(), std::copy(packet_id.begin(), packet_id.end(), nonce.begin()));
  return nonce;
}

}  // namespace

ClassicFormat::ClassicFormat(const KeyMaterial& material)
    : next_packet_id_(material.first_packet_id),
      seal_iv_(copy_iv(material.seal_iv)),
      open_iv_(copy_iv(material.open_iv)),
      sealer_(material.choice(), Aead::Direction::seal, material.seal_key),
      opener_(material.choice(), Aead::Direction::open, material.open_key),
      seal_usage_(material.cipher, material.aead_limits),
      open_usage_(material.cipher, material.aead_limits),
      failures_(material.aead_limits) {}

ClassicFormat::~ClassicFormat() {
  OPENSSL_cleanse(seal_iv_.data(), seal_iv_.size());
  OPENSSL_cleanse(open_iv_.data(), open_iv_.size());
}

Sealed ClassicFormat::seal(uint32_t header, PacketBuffer& packet) {
  if (next_packet_id_ > kPacketIdLimit || seal_usage_.over_limit()) return Sealed::exhausted;
  const auto text = packet.bytes();
  const std::span<uint8_t, kTagBytes> tag = packet.prepend(kTagBytes).first<kTagBytes>();
  const auto clear = packet.prepend(kClearBytes);
  const auto packet_id = clear.subspan(kHeaderBytes);
  write_number(clear.first(kHeaderBytes), header);
  write_number(packet_id, next_packet_id_++);
  if (!sealer_.seal(make_nonce(packet_id, seal_iv_), clear, text, tag)) return Sealed::failed;
  seal_usage_.add(kClearBytes, text.size());
  return Sealed::ok;
}

Opened ClassicFormat::open(std::span<uint8_t> packet) {
  if (packet.size() <= kOverheadBytes) return {Opened::Result::too_short};
  const auto clear = packet.first(kClearBytes);
  const auto packet_id = clear.subspan(kHeaderBytes);
  const uint64_t id = read_number(packet_id);
  if (!replay_.fresh(id)) return {Opened::Result::replayed};
  if (failures_.over_limit()) return {Opened::Result::exhausted};
  const auto text = packet.subspan(kOverheadBytes);
  if (!opener_.open(make_nonce(packet_id, open_iv_), clear, text, packet.subspan<kClearBytes, kTagBytes>())) {
    failures_.add();
    return {Opened::Result::bad_tag};
  }
  const bool newest = id > replay_.newest();
  replay_.accept(id);
  open_usage_.add(kClearBytes, text.size());
  return {Opened::Result::ok, text, newest};
}

LimitReasons ClassicFormat::reached_limits() const {
  LimitReasons reached;
  if (next_packet_id_ > kPacketIdNearLimit) reached.add(LimitReason::packet_id);
  if (seal_usage_.near_limit() || open_usage_.near_limit()) reached.add(LimitReason::usage);
  if (failures_.near_limit()) reached.add(LimitReason::failed_decryptions);
  return reached;
}

}  // namespace sallyport
