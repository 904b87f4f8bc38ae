#include <set>

#include "data_key.h"
#include "fuzz_target.h"
#include "test/hex.h"

// One data key gets genuine packets in and out of order, again, cut, changed, and any bytes. Nothing opens that the
// other end did not seal, nothing opens twice, and what opens is what was sealed.

using namespace sallyport;

namespace {

const fuzz::Bytes kOneKey(32, 0xA1);
const fuzz::Bytes kOtherKey(32, 0xB2);
const fuzz::Bytes kOneIv(8, 0xC3);
const fuzz::Bytes kOtherIv(8, 0xD4);

struct Genuine {
  fuzz::Bytes packet;
  fuzz::Bytes text;
  bool opened = false;
};

std::pair<KeyMaterial, KeyMaterial> both_ends(fuzz::Input& input) {
  const uint8_t choice = input.u8();
  KeyMaterial engine{};
  engine.cipher = static_cast<Cipher>(choice % 3);
  engine.epoch = (choice & 0x10) != 0;
  engine.lzo_byte = (choice & 0x20) != 0;
  engine.library = (choice & 0x40) != 0 ? CipherLibrary::openssl : best_cipher_library();
  if ((choice & 0x80) != 0) engine.aead_limits = {input.u8(), input.u8() / 2u, input.u8()};
  const size_t length = engine.epoch ? 32 : key_bytes(engine.cipher);
  const std::span one(kOneKey.data(), length);
  const std::span other(kOtherKey.data(), length);
  KeyMaterial client = engine;
  engine.seal_key = client.open_key = one;
  engine.open_key = client.seal_key = other;
  if (!engine.epoch) {
    engine.seal_iv = client.open_iv = kOneIv;
    engine.open_iv = client.seal_iv = kOtherIv;
  }
  return {engine, client};
}

std::optional<Genuine> sealed(DataKey& key, fuzz::Input& input) {
  fuzz::Bytes buffer(kBufferBytes);
  PacketBuffer packet(buffer.data());
  fuzz::Bytes text = input.bytes(1 + input.u8() % 64);
  if (input.u8() % 16 == 0) text.resize(input.u16() % (kMaxInnerBytes + 1), 0x5a);
  std::copy(text.begin(), text.end(), packet.room().begin());
  packet.set_text(text.size());
  if (key.seal(input.u8(), packet) != Sealed::ok) return std::nullopt;
  return Genuine{{packet.bytes().begin(), packet.bytes().end()}, text};
}

// Answers whether the packet opened.
bool open(DataKey& key, const fuzz::Bytes& packet, std::vector<Genuine>& all) {
  fuzz::Bytes copy = packet;
  const Opened opened = key.open(copy);
  if (opened.result != Opened::Result::ok) {
    HOLDS(opened.text.empty());
    return false;
  }
  const auto genuine = std::find_if(all.begin(), all.end(), [&](const Genuine& one) { return one.packet == packet; });
  HOLDS(genuine != all.end());
  HOLDS(!genuine->opened);
  genuine->opened = true;
  HOLDS(opened.text.empty() || opened.text.data() >= copy.data());
  HOLDS(opened.text.data() + opened.text.size() <= copy.data() + copy.size());
  HOLDS(std::ranges::equal(opened.text, genuine->text));
  return true;
}

fuzz::Bytes changed(fuzz::Bytes packet, fuzz::Input& input) {
  if ((input.u8() & 1) != 0) packet.resize(input.u16() % (packet.size() + 8));
  if (!packet.empty()) packet[input.u16() % packet.size()] ^= input.u8();
  return packet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const auto [engine_material, client_material] = both_ends(input);
  const bool unlimited = engine_material.aead_limits.usage == AeadLimits{}.usage;
  DataKey engine(engine_material);
  DataKey client(client_material);
  std::vector<Genuine> all;
  while (!input.empty() && all.size() < 64) {
    const uint8_t kind = input.u8();
    if (kind % 4 == 0 || all.empty()) {
      const auto packet = sealed(client, input);
      if (!packet) continue;
      all.push_back(*packet);
      const bool empty_text = packet->text.empty() && !engine_material.lzo_byte;
      // What is sent now arrives now, later, or never.
      if ((kind & 0x10) == 0) HOLDS(open(engine, packet->packet, all) || !unlimited || empty_text);
    } else if (kind % 4 == 1) {
      open(engine, changed(all[input.u8() % all.size()].packet, input), all);
    } else if (kind % 4 == 2) {
      open(engine, all[input.u8() % all.size()].packet, all);
    } else {
      open(engine, input.bytes(input.u8()), all);
    }
    engine.take_limit_notice();
  }
  return 0;
}
