#include "data_key.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>
#include <utility>

#include "failure.h"

namespace sallyport {

namespace {

using Nonce = std::array<uint8_t, kNonceBytes>;

std::array<uint8_t, kImplicitIvBytes> copy_iv(std::span<const uint8_t> iv) {
  if (iv.size() != kImplicitIvBytes) {
    throw Failure("bad-key-length", "the implicit IV must have 8 bytes, not " + std::to_string(iv.size()));
  }
  std::array<uint8_t, kImplicitIvBytes> copy;
  std::copy(iv.begin(), iv.end(), copy.begin());
  return copy;
}

Nonce make_nonce(std::span<const uint8_t> packet, const std::array<uint8_t, kImplicitIvBytes>& iv) {
  Nonce nonce;
  const auto packet_id = packet.subspan(kHeaderBytes, kPacketIdBytes);
  std::copy(iv.begin(), iv.end(), std::copy(packet_id.begin(), packet_id.end(), nonce.begin()));
  return nonce;
}

void write_u32(std::span<uint8_t> target, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) target[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

uint32_t read_u32(std::span<const uint8_t> source) {
  return uint32_t{source[0]} << 24 | uint32_t{source[1]} << 16 | uint32_t{source[2]} << 8 | uint32_t{source[3]};
}

}  // namespace

DataKey::DataKey(const KeyMaterial& material)
    : key_id_(material.key_id),
      limited_usage_(material.cipher != Cipher::chacha20_poly1305),
      next_packet_id_(material.first_packet_id),
      seal_iv_(copy_iv(material.seal_iv)),
      open_iv_(copy_iv(material.open_iv)),
      sealer_(material.cipher, Aead::Direction::seal, material.seal_key),
      opener_(material.cipher, Aead::Direction::open, material.open_key) {}

DataKey::~DataKey() {
  OPENSSL_cleanse(seal_iv_.data(), seal_iv_.size());
  OPENSSL_cleanse(open_iv_.data(), open_iv_.size());
}

DataKey::Sealed DataKey::seal(uint32_t peer_id, std::span<uint8_t> packet) {
  if (next_packet_id_ > kPacketIdLimit) return Sealed::exhausted;
  write_u32(packet.first(kHeaderBytes), uint32_t{kOpcodeDataV2} << 27 | uint32_t{key_id_} << 24 | peer_id);
  write_u32(packet.subspan(kHeaderBytes, kPacketIdBytes), static_cast<uint32_t>(next_packet_id_));
  ++next_packet_id_;
  const auto text = packet.subspan(kDataOverheadBytes);
  const Nonce nonce = make_nonce(packet, seal_iv_);
  if (!sealer_.seal(nonce, packet.first(kTagOffset), text, packet.subspan<kTagOffset, kTagBytes>())) {
    return Sealed::failed;
  }
  seal_usage_.add(text.size());
  return Sealed::ok;
}

DataKey::Opened DataKey::open(std::span<uint8_t> packet) {
  const uint32_t packet_id = read_u32(packet.subspan(kHeaderBytes, kPacketIdBytes));
  if (!replay_.fresh(packet_id)) return Opened::replayed;
  const auto text = packet.subspan(kDataOverheadBytes);
  const Nonce nonce = make_nonce(packet, open_iv_);
  if (!opener_.open(nonce, packet.first(kTagOffset), text, packet.subspan<kTagOffset, kTagBytes>())) {
    return Opened::bad_tag;
  }
  replay_.accept(packet_id);
  open_usage_.add(text.size());
  used_ = true;
  return Opened::ok;
}

bool DataKey::near_limit() const {
  if (next_packet_id_ > kPacketIdNearLimit) return true;
  return limited_usage_ && (seal_usage_.near_limit() || open_usage_.near_limit());
}

bool DataKey::take_limit_notice() {
  if (limit_noticed_ || !near_limit()) return false;
  limit_noticed_ = true;
  return true;
}

bool DataKey::take_first_use() { return used_ && std::exchange(first_use_awaited_, false); }

}  // namespace sallyport
