#include "data_key.h"

#include "check.h"
#include "failure.h"
#include "hex.h"

using namespace sallyport;

namespace {

const Bytes kClientKey = from_hex("079cd169033e6b666bc8939b340644fd889f83ba6ba431520ee44ab8b5563500");
const Bytes kClientIv = from_hex("aa80a72652cde4cf");
const Bytes kServerKey = from_hex("49f5567d1dfee8187032779a886cd0f8918776fd1cbf4d7d05b781fd2029a87c");
const Bytes kServerIv = from_hex("5a761ef55b4d7cc6");
const Bytes kPing = from_hex("2a187bf3641eb4cb07ed2d0a981fc748");

KeyMaterial client(Cipher cipher, uint32_t first_packet_id = 1) {
  return {cipher, 0, kClientKey, kClientIv, kServerKey, kServerIv, first_packet_id};
}

KeyMaterial server(Cipher cipher) { return {cipher, 0, kServerKey, kServerIv, kClientKey, kClientIv}; }

Bytes seal(DataKey& key, uint32_t peer_id, const Bytes& text) {
  Bytes packet = concat(Bytes(kDataOverheadBytes), text);
  CHECK(key.seal(peer_id, packet) == DataKey::Sealed::ok);
  return packet;
}

bool refuses(const KeyMaterial& material) {
  try {
    const DataKey key(material);
    return false;
  } catch (const Failure& failure) {
    return std::string(failure.code()) == "bad-key-length";
  }
}

}  // namespace

TEST("data key: refuses keys and implicit IVs of another length") {
  KeyMaterial material = client(Cipher::aes_256_gcm);
  material.seal_key = material.seal_key.first(16);
  CHECK(refuses(material));
  CHECK(refuses(client(Cipher::aes_128_gcm)));
  material = client(Cipher::chacha20_poly1305);
  material.open_iv = material.open_iv.first(7);
  CHECK(refuses(material));
}

TEST("data key: seals the known packets of each cipher and direction") {
  DataKey from_client(client(Cipher::aes_256_gcm));
  CHECK(seal(from_client, 5, kPing) ==
        from_hex("4800000500000001ce9597e8064e6b5d050f4c0982cf4ed048bd98d8a508dcf675cdefed95b04c35"));
  DataKey from_server(server(Cipher::aes_256_gcm));
  CHECK(seal(from_server, 5, kPing) ==
        from_hex("48000005000000016f95e4869b697cf7bb3396e092d028091f577b625c7a07cd3987f70e1f963fab"));
  DataKey chacha(client(Cipher::chacha20_poly1305));
  CHECK(seal(chacha, 5, kPing) ==
        from_hex("4800000500000001484a58b7c130d650e71b789524a86306de9893d3603676e40a07d2eea076fd06"));
}

TEST("data key: opens what the other side sealed, once") {
  for (const Cipher cipher : {Cipher::aes_256_gcm, Cipher::chacha20_poly1305}) {
    DataKey sender(client(cipher));
    DataKey receiver(server(cipher));
    for (size_t bytes = 1; bytes < 1500; bytes += 37) {
      const Bytes text(bytes, static_cast<uint8_t>(bytes));
      Bytes packet = seal(sender, 0xABCDEF, text);
      Bytes again = packet;
      CHECK(receiver.open(packet) == DataKey::Opened::ok);
      CHECK(Bytes(packet.begin() + kDataOverheadBytes, packet.end()) == text);
      CHECK(receiver.open(again) == DataKey::Opened::replayed);
    }
  }
}

TEST("data key: a forged packet neither opens nor moves the replay window") {
  DataKey sender(client(Cipher::aes_256_gcm));
  DataKey receiver(server(Cipher::aes_256_gcm));
  const Bytes genuine = seal(sender, 5, kPing);
  for (size_t i = 0; i < genuine.size(); ++i) {
    Bytes forged = genuine;
    forged[i] ^= 0x40;
    CHECK(receiver.open(forged) == DataKey::Opened::bad_tag);
  }
  Bytes packet = genuine;
  CHECK(receiver.open(packet) == DataKey::Opened::ok);
}

TEST("data key: packet id 0 is refused") {
  DataKey receiver(server(Cipher::aes_256_gcm));
  Bytes packet = concat(from_hex("4800000500000000"), Bytes(32));
  CHECK(receiver.open(packet) == DataKey::Opened::replayed);
}

TEST("data key: reports its limit once and never wraps the packet id") {
  DataKey key(client(Cipher::chacha20_poly1305, 0xFF000000 - 1));
  seal(key, 5, kPing);
  CHECK(!key.take_limit_notice());
  seal(key, 5, kPing);
  CHECK(key.take_limit_notice());
  CHECK(!key.take_limit_notice());

  DataKey last(client(Cipher::aes_256_gcm, 0xFFFFFFFF));
  seal(last, 5, kPing);
  Bytes packet = concat(Bytes(kDataOverheadBytes), kPing);
  CHECK(last.seal(5, packet) == DataKey::Sealed::exhausted);
  CHECK(packet == concat(Bytes(kDataOverheadBytes), kPing));
}

TEST("data key: reports its first use once, if somebody waits for it") {
  DataKey sender(client(Cipher::aes_256_gcm));
  DataKey receiver(server(Cipher::aes_256_gcm));
  receiver.await_first_use(true);
  CHECK(!receiver.take_first_use());
  Bytes packet = seal(sender, 5, kPing);
  receiver.open(packet);
  CHECK(receiver.take_first_use());
  CHECK(!receiver.take_first_use());

  DataKey primary(server(Cipher::aes_256_gcm));
  packet = seal(sender, 5, kPing);
  primary.open(packet);
  CHECK(!primary.take_first_use());
}

TEST("AEAD usage: 1600-byte packets reach 7/8 of 2^36 - 1 blocks when expected") {
  // 1600 bytes and 8 of additional data are 101 blocks, and the packet itself counts as one.
  const uint64_t packets = AeadUsage::kLimit / 102;
  AeadUsage usage;
  usage.add(1600, packets);
  CHECK(!usage.near_limit());
  usage.add(1600);
  CHECK(usage.near_limit());
}
