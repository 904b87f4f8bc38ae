#include "data_key.h"

#include <utility>

#include "classic_format.h"
#include "epoch_format.h"

namespace sallyport {

namespace {

// OpenVPN's `comp-lzo` framing: this byte before a plaintext says that it is not compressed.
constexpr uint8_t kNotCompressed = 0xFA;

std::unique_ptr<PacketFormat> make_format(const KeyMaterial& material) {
  if (material.epoch) return std::make_unique<EpochFormat>(material);
  return std::make_unique<ClassicFormat>(material);
}

Overhead overhead_of(const KeyMaterial& material) {
  const size_t framing = material.lzo_byte ? 1 : 0;
  if (material.epoch) return {EpochFormat::kClearBytes + framing, kTagBytes};
  return {ClassicFormat::kOverheadBytes + framing, 0};
}

}  // namespace

DataKey::DataKey(const KeyMaterial& material)
    : format_(make_format(material)),
      key_id_(material.key_id),
      overhead_(overhead_of(material)),
      lzo_byte_(material.lzo_byte),
      limits_(material.traffic_limits) {}

Sealed DataKey::seal(uint32_t peer_id, PacketBuffer& packet) {
  const size_t text_bytes = packet.size();
  if (lzo_byte_) packet.prepend(1)[0] = kNotCompressed;
  const uint32_t header = uint32_t{kOpcodeDataV2} << 27 | uint32_t{key_id_} << 24 | peer_id;
  const Sealed sealed = format_->seal(header, packet);
  if (sealed == Sealed::ok) sealed_.add(text_bytes);
  return sealed;
}

Opened DataKey::open(std::span<uint8_t> packet) {
  Opened opened = format_->open(packet);
  if (opened.result != Opened::Result::ok) return opened;
  used_ = true;
  if (lzo_byte_) {
    if (opened.text[0] != kNotCompressed) return {Opened::Result::compressed};
    opened.text = opened.text.subspan(1);
  }
  opened_.add(opened.text.size());
  return opened;
}

std::optional<LimitReason> DataKey::take_limit_notice() {
  LimitReasons reached = format_->reached_limits();
  if (sealed_.bytes >= limits_.bytes || opened_.bytes >= limits_.bytes) reached.add(LimitReason::bytes);
  if (sealed_.packets >= limits_.packets || opened_.packets >= limits_.packets) reached.add(LimitReason::packets);
  return reached.take_unknown(noticed_);
}

bool DataKey::take_first_use() { return used_ && std::exchange(first_use_awaited_, false); }

}  // namespace sallyport
