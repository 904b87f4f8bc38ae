#include "epoch_format.h"

#include <algorithm>
#include <array>
#include <utility>

#include "big_endian.h"
#include "failure.h"

namespace sallyport {

namespace {

using Nonce = std::array<uint8_t, kNonceBytes>;

constexpr unsigned kEpochShift = 48;

Nonce make_nonce(std::span<const uint8_t> packet_id, const EpochIv& iv) {
  Nonce nonce;
  std::copy(iv.begin(), iv.end(), nonce.begin());
  for (size_t i = 0; i < packet_id.size(); ++i) nonce[i] ^= packet_id[i];
  return nonce;
}

}  // namespace

EpochFormat::Sealer::Sealer(uint16_t epoch_number, const EpochSecret& epoch_secret, const CipherChoice& choice,
                            const AeadLimits& limits)
    : epoch(epoch_number),
      secret(epoch_secret),
      iv(epoch_iv(epoch_secret)),
      aead(epoch_aead(choice, Aead::Direction::seal, epoch_secret)),
      usage(choice.cipher, limits) {}

EpochFormat::Opener::Opener(const EpochSecret& secret, const CipherChoice& choice, const AeadLimits& limits)
    : iv(epoch_iv(secret)),
      aead(epoch_aead(choice, Aead::Direction::open, secret)),
      usage(choice.cipher, limits),
      failures(limits) {}

EpochFormat::EpochFormat(const KeyMaterial& material)
    : choice_(material.choice()), limits_(material.aead_limits), last_secret_(copy_epoch_secret(material.open_key)) {
  if (!material.seal_iv.empty() || !material.open_iv.empty()) {
    throw Failure("bad-key-length", "the epoch format makes its IVs itself: they must be empty");
  }
  sealer_.emplace(uint16_t{1}, copy_epoch_secret(material.seal_key), choice_, limits_);
  sealer_->next_counter = material.first_packet_id;
  current_ = std::make_unique<Opener>(last_secret_, choice_, limits_);
}

Sealed EpochFormat::seal(uint32_t header, PacketBuffer& packet) {
  if (sealing_epoch_is_spent()) {
    if (sealer_->epoch == kLastEpoch) return Sealed::exhausted;
    seal_in(static_cast<uint16_t>(sealer_->epoch + 1));
  }
  const auto text = packet.bytes();
  const auto clear = packet.prepend(kClearBytes);
  const auto packet_id = clear.subspan(kHeaderBytes);
  write_number(clear.first(kHeaderBytes), header);
  write_number(packet_id, uint64_t{sealer_->epoch} << kEpochShift | sealer_->next_counter++);
  const std::span<uint8_t, kTagBytes> tag = packet.append(kTagBytes).first<kTagBytes>();
  if (!sealer_->aead.seal(make_nonce(packet_id, sealer_->iv), clear, text, tag)) return Sealed::failed;
  sealer_->usage.add(kClearBytes, text.size());
  return Sealed::ok;
}

// The peer cannot see how much of its own key is used up by what it sends us, nor how many forgeries we met; an epoch
// of ours that is ahead makes it move on.
bool EpochFormat::sealing_epoch_is_spent() const {
  if (sealer_->next_counter > kCounterLimit || sealer_->usage.over_limit()) return true;
  return sealer_->epoch == open_epoch_ && (current_->usage.over_limit() || current_->failures.near_limit());
}

void EpochFormat::seal_in(uint16_t epoch) {
  EpochSecret secret = sealer_->secret;
  for (uint16_t at = sealer_->epoch; at < epoch; ++at) secret = next_epoch(secret);
  sealer_.emplace(epoch, secret, choice_, limits_);
}

struct EpochFormat::Parts {
  explicit Parts(std::span<uint8_t> packet)
      : clear(packet.first(kClearBytes)),
        packet_id(clear.subspan(kHeaderBytes)),
        text(packet.subspan(kClearBytes, packet.size() - kOverheadBytes)),
        tag(packet.last<kTagBytes>()) {
    const uint64_t id = read_number(packet_id);
    epoch = static_cast<uint16_t>(id >> kEpochShift);
    counter = id & kCounterLimit;
  }

  std::span<const uint8_t> clear;
  std::span<const uint8_t> packet_id;
  std::span<uint8_t> text;
  std::span<uint8_t, kTagBytes> tag;
  uint16_t epoch;
  uint64_t counter;
};

Opened EpochFormat::open(std::span<uint8_t> packet) {
  if (packet.size() <= kOverheadBytes) return {Opened::Result::too_short};
  const Parts parts(packet);
  if (parts.epoch > open_epoch_) return open_ahead(parts);
  const bool current = parts.epoch == open_epoch_;
  if (!current && (!retiring_ || parts.epoch != retiring_epoch_)) return {Opened::Result::unknown_epoch};
  Opener& opener = current ? *current_ : *retiring_;
  Opened opened = open_with(opener, parts);
  note_failures(opener.failures);
  opened.newest &= current;
  if (opened.result == Opened::Result::ok && parts.epoch > sealer_->epoch) seal_in(parts.epoch);
  return opened;
}

// A forgery costs the derivation of a key that is thrown away, and nothing stays of it but its count.
Opened EpochFormat::open_ahead(const Parts& parts) {
  const size_t ahead = size_t{parts.epoch} - open_epoch_;
  if (ahead > kFutureEpochs || parts.epoch > kLastEpoch) return {Opened::Result::unknown_epoch};
  if (parts.counter == 0) return {Opened::Result::replayed};
  while (future_.size() < ahead) {
    last_secret_ = next_epoch(last_secret_);
    future_.push_back({last_secret_, OpenFailures(limits_)});
  }
  FutureEpoch& future = future_[ahead - 1];
  if (future.failures.over_limit()) return {Opened::Result::exhausted};
  auto opener = std::make_unique<Opener>(future.secret, choice_, limits_);
  opener->failures = future.failures;
  const Opened opened = open_with(*opener, parts);
  future.failures = opener->failures;
  note_failures(future.failures);
  if (opened.result != Opened::Result::ok) return opened;
  open_in(parts.epoch, std::move(opener));
  if (parts.epoch > sealer_->epoch) seal_in(parts.epoch);
  return opened;
}

Opened EpochFormat::open_with(Opener& opener, const Parts& parts) {
  if (!opener.replay.fresh(parts.counter)) return {Opened::Result::replayed};
  if (opener.failures.over_limit()) return {Opened::Result::exhausted};
  if (!opener.aead.open(make_nonce(parts.packet_id, opener.iv), parts.clear, parts.text, parts.tag)) {
    opener.failures.add();
    return {Opened::Result::bad_tag};
  }
  const bool newest = parts.counter > opener.replay.newest();
  opener.replay.accept(parts.counter);
  opener.usage.add(kClearBytes, parts.text.size());
  return {Opened::Result::ok, parts.text, newest};
}

// An epoch ahead has proved itself. The one it follows stays for packets that were overtaken; those between are void.
void EpochFormat::open_in(uint16_t epoch, std::unique_ptr<Opener> opener) {
  const auto passed = static_cast<std::ptrdiff_t>(epoch - open_epoch_);
  retiring_epoch_ = std::exchange(open_epoch_, epoch);
  retiring_ = std::exchange(current_, std::move(opener));
  future_.erase(future_.begin(), future_.begin() + passed);
}

LimitReasons EpochFormat::reached_limits() const {
  LimitReasons reached;
  if (failures_near_limit_) reached.add(LimitReason::failed_decryptions);
  if (sealer_->epoch >= kEpochNearLimit) reached.add(LimitReason::epoch);
  return reached;
}

}  // namespace sallyport
