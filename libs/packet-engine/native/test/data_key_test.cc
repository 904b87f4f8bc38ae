#include "data_key.h"

#include "check.h"
#include "fixture.h"

using namespace fixture;

namespace {

const Bytes kClientKey = from_hex("079cd169033e6b666bc8939b340644fd889f83ba6ba431520ee44ab8b5563500");
const Bytes kClientIv = from_hex("aa80a72652cde4cf");
const Bytes kServerKey = from_hex("49f5567d1dfee8187032779a886cd0f8918776fd1cbf4d7d05b781fd2029a87c");
const Bytes kServerIv = from_hex("5a761ef55b4d7cc6");
const Bytes kPing = from_hex("2a187bf3641eb4cb07ed2d0a981fc748");

KeyMaterial client(Cipher cipher, uint64_t first_packet_id = 1) {
  return {cipher, 0, kClientKey, kClientIv, kServerKey, kServerIv, first_packet_id};
}

KeyMaterial server(Cipher cipher) { return {cipher, 0, kServerKey, kServerIv, kClientKey, kClientIv}; }

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
      const Bytes packet = seal(sender, 0xABCDEF, text);
      CHECK(opened(receiver, packet) == text);
      CHECK(result_of(receiver, packet) == Opened::Result::replayed);
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
    CHECK(result_of(receiver, forged) == Opened::Result::bad_tag);
  }
  CHECK(opened(receiver, genuine) == kPing);
}

TEST("data key: packet id 0 and a packet without text are refused") {
  DataKey sender(client(Cipher::aes_256_gcm));
  DataKey receiver(server(Cipher::aes_256_gcm));
  CHECK(result_of(receiver, concat(from_hex("4800000500000000"), Bytes(32))) == Opened::Result::replayed);
  const Bytes genuine = seal(sender, 5, kPing);
  CHECK(result_of(receiver, Bytes(genuine.begin(), genuine.begin() + 24)) == Opened::Result::too_short);
}

TEST("data key: tells the newest packet from a late one") {
  DataKey sender(client(Cipher::aes_256_gcm));
  DataKey receiver(server(Cipher::aes_256_gcm));
  Bytes first = seal(sender, 5, kPing);
  Bytes second = seal(sender, 5, kPing);
  Bytes third = seal(sender, 5, kPing);
  CHECK(receiver.open(first).newest);
  CHECK(receiver.open(third).newest);
  const Opened late = receiver.open(second);
  CHECK(late.result == Opened::Result::ok && !late.newest);
}

TEST("data key: reports its limit once and never wraps the packet id") {
  DataKey key(client(Cipher::chacha20_poly1305, 0xFF000000 - 1));
  seal(key, 5, kPing);
  CHECK(!key.take_limit_notice());
  seal(key, 5, kPing);
  CHECK(key.take_limit_notice() == LimitReason::packet_id);
  CHECK(!key.take_limit_notice());

  DataKey last(client(Cipher::aes_256_gcm, 0xFFFFFFFF));
  CHECK(!seal(last, 5, kPing).empty());
  CHECK(seal(last, 5, kPing).empty());
}

TEST("data key: its owner's limits on packets and bytes hold for each direction, each reported once") {
  KeyMaterial material = client(Cipher::aes_256_gcm);
  material.traffic_limits = {3, 100};
  DataKey sender(material);
  KeyMaterial other = server(Cipher::aes_256_gcm);
  other.traffic_limits = {3, 100};
  DataKey receiver(other);
  for (DataKey* key : {&sender, &receiver}) CHECK(!key->take_limit_notice());
  for (int i = 0; i < 2; ++i) opened(receiver, seal(sender, 5, kPing));
  for (DataKey* key : {&sender, &receiver}) CHECK(!key->take_limit_notice());
  opened(receiver, seal(sender, 5, kPing));
  for (DataKey* key : {&sender, &receiver}) {
    CHECK(key->take_limit_notice() == LimitReason::packets);
    CHECK(!key->take_limit_notice());
  }
  opened(receiver, seal(sender, 5, Bytes(52)));
  for (DataKey* key : {&sender, &receiver}) {
    CHECK(key->take_limit_notice() == LimitReason::bytes);
    CHECK(!key->take_limit_notice());
  }
}

TEST("data key: reports the AEAD usage at 7/8, in either direction, and seals no more beyond the whole") {
  // A ping is 24 bytes of text and additional data, so two blocks, and one packet: three units.
  KeyMaterial material = client(Cipher::aes_256_gcm);
  material.aead_limits.usage = 32;
  DataKey sender(material);
  KeyMaterial other = server(Cipher::aes_256_gcm);
  other.aead_limits.usage = 32;
  DataKey receiver(other);
  for (int i = 0; i < 9; ++i) opened(receiver, seal(sender, 5, kPing));
  CHECK(!sender.take_limit_notice() && !receiver.take_limit_notice());
  opened(receiver, seal(sender, 5, kPing));
  CHECK(sender.take_limit_notice() == LimitReason::usage);
  CHECK(receiver.take_limit_notice() == LimitReason::usage);
  CHECK(!seal(sender, 5, kPing).empty());
  CHECK(seal(sender, 5, kPing).empty());

  KeyMaterial chacha = client(Cipher::chacha20_poly1305);
  chacha.aead_limits.usage = 32;
  DataKey unlimited(chacha);
  for (int i = 0; i < 100; ++i) CHECK(!seal(unlimited, 5, kPing).empty());
  CHECK(!unlimited.take_limit_notice());
}

TEST("data key: packets that do not open are counted, reported, and at last nothing is opened") {
  KeyMaterial material = server(Cipher::aes_256_gcm);
  material.aead_limits.failures_near = 4;
  material.aead_limits.failures = 8;
  DataKey sender(client(Cipher::aes_256_gcm));
  DataKey receiver(material);
  Bytes forged = seal(sender, 5, kPing);
  forged.back() ^= 1;
  for (int i = 0; i < 4; ++i) CHECK(result_of(receiver, forged) == Opened::Result::bad_tag);
  CHECK(!receiver.take_limit_notice());
  CHECK(result_of(receiver, forged) == Opened::Result::bad_tag);
  CHECK(receiver.take_limit_notice() == LimitReason::failed_decryptions);
  CHECK(opened(receiver, seal(sender, 5, kPing)) == kPing);
  for (int i = 0; i < 4; ++i) CHECK(result_of(receiver, forged) == Opened::Result::bad_tag);
  CHECK(result_of(receiver, seal(sender, 5, kPing)) == Opened::Result::exhausted);
}

TEST(
    "data key: the byte of the comp-lzo framing is put before a text and taken off, and nothing else is taken for it") {
  for (const bool epoch : {false, true}) {
    KeyMaterial material = client(Cipher::aes_256_gcm);
    KeyMaterial other = server(Cipher::aes_256_gcm);
    material.epoch = other.epoch = epoch;
    if (epoch) material.seal_iv = material.open_iv = other.seal_iv = other.open_iv = {};
    DataKey plain_sender(material);
    DataKey plain_receiver(other);
    material.lzo_byte = other.lzo_byte = true;
    DataKey sender(material);
    DataKey receiver(other);
    const Bytes packet = seal(sender, 5, kPing);
    CHECK(packet.size() == kPing.size() + (epoch ? 29 : 25));
    CHECK(opened(receiver, packet) == kPing);
    CHECK(opened(plain_receiver, packet) == concat({0xFA}, kPing));
    seal(plain_sender, 5, kPing);
    CHECK(result_of(receiver, seal(plain_sender, 5, concat({0x66}, kPing))) == Opened::Result::compressed);
    CHECK(result_of(receiver, seal(plain_sender, 5, kPing)) == Opened::Result::compressed);
    CHECK(opened(receiver, seal(plain_sender, 5, {0xFA, 7})) == Bytes{7});
  }
}

TEST("data key: reports its first use once, if somebody waits for it") {
  DataKey sender(client(Cipher::aes_256_gcm));
  DataKey receiver(server(Cipher::aes_256_gcm));
  receiver.await_first_use(true);
  CHECK(!receiver.take_first_use());
  opened(receiver, seal(sender, 5, kPing));
  CHECK(receiver.take_first_use());
  CHECK(!receiver.take_first_use());

  DataKey primary(server(Cipher::aes_256_gcm));
  opened(primary, seal(sender, 5, kPing));
  CHECK(!primary.take_first_use());
}

TEST("AEAD usage: 1600-byte packets reach 7/8 of 2^36 - 1 blocks when expected") {
  // 1600 bytes and 8 of additional data are 101 blocks, and the packet itself counts as one.
  const uint64_t limit = AeadLimits{}.usage / 8 * 7;
  AeadUsage usage(Cipher::aes_128_gcm, {});
  usage.add(8, 1600, limit / 102);
  CHECK(!usage.near_limit());
  usage.add(8, 1600);
  CHECK(usage.near_limit());
  CHECK(!usage.over_limit());
  usage.add(8, 1600, limit / 102 / 7 + 1);
  CHECK(usage.over_limit());
}
