#include "epoch_format.h"

#include <malloc.h>

#include <random>

#include "big_endian.h"
#include "check.h"
#include "data_key.h"
#include "fixture.h"

using namespace fixture;

namespace {

const Bytes kClientSecret = from_hex("079cd169033e6b666bc8939b340644fd889f83ba6ba431520ee44ab8b5563500");
const Bytes kServerSecret = from_hex("49f5567d1dfee8187032779a886cd0f8918776fd1cbf4d7d05b781fd2029a87c");
const Bytes kPing = from_hex("2a187bf3641eb4cb07ed2d0a981fc748");

KeyMaterial client(Cipher cipher = Cipher::aes_256_gcm) {
  KeyMaterial material{cipher, 0, kClientSecret, {}, kServerSecret, {}};
  material.epoch = true;
  return material;
}

KeyMaterial server(Cipher cipher = Cipher::aes_256_gcm) {
  KeyMaterial material{cipher, 0, kServerSecret, {}, kClientSecret, {}};
  material.epoch = true;
  return material;
}

Bytes expanded(const Bytes& secret, std::string_view label, size_t bytes) {
  Bytes output(bytes);
  expand_label(secret, label, output);
  return output;
}

Bytes bytes_of(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

EpochSecret secret_at(const Bytes& first, uint16_t epoch) {
  EpochSecret secret = copy_epoch_secret(first);
  for (uint16_t at = 1; at < epoch; ++at) secret = next_epoch(secret);
  return secret;
}

// A packet of any epoch, made from the primitives; `secret` is the epoch's own.
Bytes packet_with(const EpochSecret& secret, uint16_t epoch, uint64_t counter, const Bytes& text = kPing,
                  const Bytes& header = from_hex("48000005")) {
  Bytes clear(kHeaderBytes + 8);
  std::copy(header.begin(), header.end(), clear.begin());
  write_number(std::span(clear).subspan(4, 2), epoch);
  write_number(std::span(clear).subspan(6, 6), counter);
  EpochIv nonce = epoch_iv(secret);
  for (size_t i = 0; i < 8; ++i) nonce[i] ^= clear[4 + i];
  Bytes sealed = text;
  Bytes tag(kTagBytes);
  epoch_aead({Cipher::aes_256_gcm}, Aead::Direction::seal, secret)
      .seal(std::span<const uint8_t, kNonceBytes>(nonce.data(), kNonceBytes), clear, sealed,
            std::span<uint8_t, kTagBytes>(tag.data(), kTagBytes));
  return concat(concat(clear, sealed), tag);
}

// The same from the secret of epoch 1.
Bytes packet_of(const Bytes& first, uint16_t epoch, uint64_t counter) {
  return packet_with(secret_at(first, epoch), epoch, counter);
}

uint64_t packet_id_of(const Bytes& packet) {
  uint64_t id = 0;
  for (size_t i = 4; i < 12; ++i) id = id << 8 | packet.at(i);
  return id;
}

uint16_t epoch_of(const Bytes& packet) { return static_cast<uint16_t>(packet_id_of(packet) >> 48); }

}  // namespace

TEST("epoch secret: expands labels as OpenVPN's own test does") {
  const Bytes secret = from_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  CHECK(expanded(secret, "unit test", 16) == from_hex("185eaa1c7f228ab8eb29773214d92046"));
  const Bytes epoch = concat(from_hex("130c"), Bytes(30));
  CHECK(expanded(epoch, "data_key", 24) == from_hex("ed8533db1c28ace418e9006ab29c17417d60ebe6cd90bf0a"));
  CHECK(expanded(epoch, "data_iv", 12) == from_hex("86890aabf032cb59f4cfa34e"));
}

TEST("epoch secret: epochs 1 and 2 have the known keys and IVs") {
  const EpochSecret first = copy_epoch_secret(kClientSecret);
  CHECK(expanded(bytes_of(first), "data_key", 32) ==
        from_hex("303a58a27390966918d8e91e76e62d72b06eca1128ed088c76b1cb63ecf90f7c"));
  CHECK(bytes_of(epoch_iv(first)) == from_hex("2acabbc894c307d9d6c4b634"));
  const EpochSecret second = next_epoch(first);
  CHECK(expanded(bytes_of(second), "data_key", 32) ==
        from_hex("bc0a0c45e84569b595d40c596cea460f36d69243c6a344b4ed19bcbc0a82eecd"));
  CHECK(bytes_of(epoch_iv(second)) == from_hex("5eb5aecf04c99a88d2ae7261"));
}

TEST("epoch format: makes the packet of OpenVPN's own data channel test") {
  const std::string pattern = "abcdefgh01234567ABCDEFGHjkuchenl";
  Bytes key;
  for (size_t i = 0; i < 32; ++i) key.push_back(static_cast<uint8_t>(pattern[i] ^ static_cast<char>(i)));
  const std::string text = "The quick little fox jumps over the bureaucratic hurdles";
  CHECK(packet_with(secret_at(key, 4), 4, 1, Bytes(text.begin(), text.end()), from_hex("07000017")) ==
        from_hex("0700001700040000000000016eacea349ca836aab4d49ce685399a9bab964526e9cd11ece8cb7d77bdbc5c6ac4f49f36ea02"
                 "e9c1f5d97644afa9118ba9f9a892623f1a130ffff5913d39d75b18573b5748589a7d"));
}

TEST("epoch format: seals the known pings of epochs 1 and 2") {
  DataKey key(client());
  CHECK(seal(key, 5, kPing) ==
        from_hex("48000005000100000000000180465c518e5f8b6642a0b8111f72ff19ed4a237a197b7ccfbfd66a9c575f5ed5"));
  CHECK(!opened(key, packet_of(kServerSecret, 2, 1)).empty());
  CHECK(seal(key, 5, kPing) ==
        from_hex("480000050002000000000001153859f5ef88c2a66583cf6af6cd803e515999a11a687425f5ffc6881b04bc0b"));
}

TEST("epoch format: refuses secrets of another length and IVs") {
  KeyMaterial material = client(Cipher::aes_128_gcm);
  CHECK(!refuses(material));
  material.seal_key = material.seal_key.first(16);
  CHECK(refuses(material));
  material = client();
  material.open_iv = kIvA;
  CHECK(refuses(material));
}

TEST("epoch format: opens what the other side sealed, once, and nothing that was changed or cut") {
  for (const Cipher cipher : {Cipher::aes_256_gcm, Cipher::aes_128_gcm, Cipher::chacha20_poly1305}) {
    DataKey sender(client(cipher));
    DataKey receiver(server(cipher));
    const Bytes packet = seal(sender, 0xABCDEF, kPing);
    CHECK(packet.size() == kPing.size() + EpochFormat::kOverheadBytes && EpochFormat::kOverheadBytes == 28);
    for (size_t i = 0; i < packet.size(); ++i) {
      Bytes forged = packet;
      forged[i] ^= 0x40;
      CHECK(opened(receiver, forged).empty());
    }
    CHECK(result_of(receiver, Bytes(packet.begin(), packet.begin() + 28)) == Opened::Result::too_short);
    CHECK(opened(receiver, packet) == kPing);
    CHECK(result_of(receiver, packet) == Opened::Result::replayed);
  }
}

TEST("epoch format: epoch 0 and counter 0 are refused") {
  DataKey receiver(server());
  Bytes packet = packet_of(kClientSecret, 1, 1);
  packet[5] = 0;
  CHECK(result_of(receiver, packet) == Opened::Result::unknown_epoch);
  CHECK(result_of(receiver, packet_of(kClientSecret, 1, 0)) == Opened::Result::replayed);
}

TEST("epoch format: after a jump from 1 to 7, 1 retires, 2 to 6 are void, 8 to 23 may come") {
  DataKey receiver(server());
  const auto result = [&](uint16_t epoch, uint64_t counter) {
    return result_of(receiver, packet_of(kClientSecret, epoch, counter));
  };
  CHECK(result(1, 5) == Opened::Result::ok);
  CHECK(result(18, 1) == Opened::Result::unknown_epoch);
  CHECK(result(7, 1) == Opened::Result::ok);
  for (uint16_t epoch = 2; epoch < 7; ++epoch) CHECK(result(epoch, 1) == Opened::Result::unknown_epoch);
  CHECK(result(1, 4) == Opened::Result::ok);
  CHECK(result(1, 4) == Opened::Result::replayed);
  CHECK(result(1, 5) == Opened::Result::replayed);
  CHECK(result(7, 1) == Opened::Result::replayed);
  CHECK(result(24, 1) == Opened::Result::unknown_epoch);
  CHECK(result(23, 9) == Opened::Result::ok);
  CHECK(result(1, 3) == Opened::Result::unknown_epoch);
  CHECK(result(7, 2) == Opened::Result::ok);
  CHECK(result(24, 1) == Opened::Result::ok);
  CHECK(result(39, 1) == Opened::Result::ok);
  CHECK(result(23, 10) == Opened::Result::unknown_epoch);
}

TEST("epoch format: a forged packet of a coming epoch switches nothing") {
  DataKey receiver(server());
  Bytes forged = packet_of(kClientSecret, 9, 1);
  forged.back() ^= 1;
  CHECK(result_of(receiver, forged) == Opened::Result::bad_tag);
  CHECK(result_of(receiver, packet_of(kClientSecret, 2, 1)) == Opened::Result::ok);
  CHECK(epoch_of(seal(receiver, 5, kPing)) == 2);
  CHECK(result_of(receiver, packet_of(kClientSecret, 9, 1)) == Opened::Result::ok);
}

TEST("epoch format: forgeries of all coming epochs leave next to nothing behind, and are counted for each") {
  KeyMaterial material = server();
  material.aead_limits.failures_near = 3;
  material.aead_limits.failures = 4;
  DataKey key(material);
  const size_t before = mallinfo2().uordblks;
  for (uint16_t epoch = 2; epoch <= 1 + EpochFormat::kFutureEpochs; ++epoch) {
    Bytes forged = packet_of(kClientSecret, epoch, 1);
    forged.back() ^= 1;
    for (int i = 0; i < 3; ++i) CHECK(result_of(key, forged) == Opened::Result::bad_tag);
  }
  CHECK(mallinfo2().uordblks - before < 4096);
  CHECK(!key.take_limit_notice());
  Bytes forged = packet_of(kClientSecret, 9, 1);
  forged.back() ^= 1;
  CHECK(result_of(key, forged) == Opened::Result::bad_tag);
  CHECK(key.take_limit_notice() == LimitReason::failed_decryptions);
  CHECK(result_of(key, forged) == Opened::Result::bad_tag);
  CHECK(result_of(key, packet_of(kClientSecret, 9, 1)) == Opened::Result::exhausted);
  // An epoch keeps the count of its forgeries when it is entered.
  CHECK(result_of(key, packet_of(kClientSecret, 8, 1)) == Opened::Result::ok);
  forged = packet_of(kClientSecret, 8, 2);
  forged.back() ^= 1;
  for (int i = 0; i < 2; ++i) CHECK(result_of(key, forged) == Opened::Result::bad_tag);
  CHECK(result_of(key, packet_of(kClientSecret, 8, 2)) == Opened::Result::exhausted);
}

TEST("epoch format: the sending epoch follows the peer's, and its counter starts anew") {
  DataKey key(server());
  CHECK(packet_id_of(seal(key, 5, kPing)) == 0x0001000000000001);
  CHECK(packet_id_of(seal(key, 5, kPing)) == 0x0001000000000002);
  opened(key, packet_of(kClientSecret, 3, 77));
  const Bytes packet = seal(key, 5, kPing);
  CHECK(packet_id_of(packet) == 0x0003000000000001);
  CHECK(packet == packet_of(kServerSecret, 3, 1));
  opened(key, packet_of(kClientSecret, 1, 1));
  CHECK(packet_id_of(seal(key, 5, kPing)) == 0x0003000000000002);
}

TEST("epoch format: tells the newest packet across epochs") {
  DataKey key(server());
  const auto newest = [&](uint16_t epoch, uint64_t counter) {
    Bytes packet = packet_of(kClientSecret, epoch, counter);
    return key.open(packet).newest;
  };
  CHECK(newest(1, 10));
  CHECK(!newest(1, 9));
  CHECK(newest(2, 1));
  CHECK(!newest(1, 11));
  CHECK(newest(2, 2));
}

TEST("epoch format: the last counter is used, the next packet begins the next epoch") {
  KeyMaterial material = client();
  material.first_packet_id = EpochFormat::kCounterLimit;
  DataKey key(material);
  CHECK(packet_id_of(seal(key, 5, kPing)) == 0x0001ffffffffffff);
  CHECK(packet_id_of(seal(key, 5, kPing)) == 0x0002000000000001);
}

TEST("epoch format: an epoch ends when its AEAD usage does, and nobody needs to hear of it") {
  // A ping is 28 bytes of text and additional data, so two blocks, and one packet: three units.
  KeyMaterial material = client();
  material.aead_limits.usage = 8;
  DataKey key(material);
  for (const uint16_t epoch : {1, 1, 1, 2, 2, 2, 3}) CHECK(epoch_of(seal(key, 5, kPing)) == epoch);
  CHECK(!key.take_limit_notice());
  material.cipher = Cipher::chacha20_poly1305;
  DataKey unlimited(material);
  for (int i = 0; i < 50; ++i) CHECK(epoch_of(seal(unlimited, 5, kPing)) == 1);
}

TEST("epoch format: it moves on for a peer that has used up its own epoch") {
  KeyMaterial material = server();
  material.aead_limits.usage = 8;
  DataKey key(material);
  for (uint64_t counter = 1; counter <= 2; ++counter) opened(key, packet_of(kClientSecret, 1, counter));
  CHECK(epoch_of(seal(key, 5, kPing)) == 1);
  opened(key, packet_of(kClientSecret, 1, 3));
  CHECK(epoch_of(seal(key, 5, kPing)) == 2);
  CHECK(epoch_of(seal(key, 5, kPing)) == 2);
}

TEST("epoch format: forgeries move it on, are reported once, and end an epoch that is not left") {
  KeyMaterial material = server();
  material.aead_limits.failures_near = 4;
  material.aead_limits.failures = 8;
  DataKey key(material);
  Bytes forged = packet_of(kClientSecret, 1, 1);
  forged.back() ^= 1;
  for (int i = 0; i < 4; ++i) result_of(key, forged);
  CHECK(epoch_of(seal(key, 5, kPing)) == 1);
  CHECK(!key.take_limit_notice());
  result_of(key, forged);
  CHECK(epoch_of(seal(key, 5, kPing)) == 2);
  CHECK(key.take_limit_notice() == LimitReason::failed_decryptions);
  CHECK(!key.take_limit_notice());
  for (int i = 0; i < 4; ++i) CHECK(result_of(key, forged) == Opened::Result::bad_tag);
  CHECK(result_of(key, packet_of(kClientSecret, 1, 1)) == Opened::Result::exhausted);
  CHECK(result_of(key, packet_of(kClientSecret, 2, 1)) == Opened::Result::ok);
}

TEST("epoch format: from epoch 0xF000 on a new session is asked for, and the epochs end in time") {
  KeyMaterial material = server();
  material.aead_limits.usage = 1;
  DataKey key(material);
  uint16_t epoch = 0;
  bool asked = false;
  while (true) {
    const Bytes packet = seal(key, 5, kPing);
    if (packet.empty()) break;
    CHECK(epoch_of(packet) == epoch + 1);
    epoch = epoch_of(packet);
    if (const auto reason = key.take_limit_notice()) {
      CHECK(!asked && *reason == LimitReason::epoch && epoch == 0xF000);
      asked = true;
    }
  }
  CHECK(asked && epoch == 65535 - 16 - 1);
}

TEST("epoch format: a peer's epochs end in time too") {
  DataKey key(server());
  EpochSecret secret = copy_epoch_secret(kClientSecret);
  uint16_t at = 1;
  const auto opens = [&](uint16_t epoch) {
    for (; at < epoch; ++at) secret = next_epoch(secret);
    return !opened(key, packet_with(secret, epoch, 1)).empty();
  };
  for (uint32_t epoch = 17; epoch <= EpochFormat::kLastEpoch; epoch += 16) CHECK(opens(static_cast<uint16_t>(epoch)));
  CHECK(opens(EpochFormat::kLastEpoch));
  CHECK(!opens(EpochFormat::kLastEpoch + 1));
}

TEST("epoch format: two sides that lose, reorder and repeat packets while epochs pass agree on every text") {
  std::mt19937 random(2027);
  KeyMaterial material = client();
  material.aead_limits.usage = 60;
  DataKey one(material);
  KeyMaterial other = server();
  other.aead_limits.usage = 60;
  DataKey two(other);
  size_t received = 0;
  for (int round = 0; round < 3000; ++round) {
    const bool there = random() % 2 == 0;
    DataKey& sender = there ? one : two;
    DataKey& receiver = there ? two : one;
    std::vector<std::pair<Bytes, Bytes>> window;
    for (size_t i = 0; i < 4; ++i) {
      Bytes text(1 + random() % 40);
      for (uint8_t& byte : text) byte = static_cast<uint8_t>(random());
      window.emplace_back(text, seal(sender, 5, text));
    }
    std::shuffle(window.begin(), window.end(), random);
    for (const auto& [text, packet] : window) {
      if (random() % 10 == 0) continue;
      const Bytes got = opened(receiver, packet);
      CHECK(got == text);
      CHECK(opened(receiver, packet).empty());
      ++received;
    }
  }
  CHECK(received > 9000);
  CHECK(epoch_of(seal(one, 5, kPing)) > 100);
}
