#include "primitives.h"

#include <string>
#include <vector>

#include "check.h"
#include "failure.h"

using sallyport::Digest;
using sallyport::Failure;
using sallyport::Primitives;

namespace {

std::span<const uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string hex(std::span<const uint8_t> data) {
  std::string text;
  for (const uint8_t byte : data) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace

TEST("HMAC gives the values of RFC 2202 and RFC 4231, whatever came before and however the text is cut") {
  Primitives primitives;
  const std::string key = "Jefe";
  const std::string text = "what do ya want for nothing?";
  const auto hmac = [&](Digest digest, size_t length, size_t cut) {
    const std::array parts{bytes(text).first(cut), bytes(text).subspan(cut)};
    std::vector<uint8_t> tag(length);
    primitives.hmac(digest, bytes(key), parts, tag);
    return hex(tag);
  };
  for (const size_t cut : {0, 5, 28}) {
    CHECK(hmac(Digest::sha256, 32, cut) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac(Digest::md5, 16, cut) == "750c783e6ab0b503eaa86e310a5db738");
    CHECK(hmac(Digest::sha1, 20, cut) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  }
}

TEST("AES-256-CTR gives the value of NIST SP 800-38A F.5.5, and opens what it sealed") {
  Primitives primitives;
  const std::vector<uint8_t> key{0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae,
                                 0xf0, 0x85, 0x7d, 0x77, 0x81, 0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61,
                                 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4};
  const std::vector<uint8_t> counter{0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
                                     0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
  const std::vector<uint8_t> text{0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
                                  0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
  std::vector<uint8_t> sealed(text.size());
  std::vector<uint8_t> opened(text.size());
  primitives.aes_256_ctr(key, counter, text, sealed);
  CHECK(hex(sealed) == "601ec313775789a5b7a7f504bbf3d228");
  primitives.aes_256_ctr(key, counter, sealed, opened);
  CHECK(opened == text);
}

TEST("keys, counter blocks and results of other lengths are refused") {
  Primitives primitives;
  std::vector<uint8_t> room(32);
  const auto refused = [](auto call) {
    try {
      call();
      return false;
    } catch (const Failure& failure) {
      return std::string(failure.code()) == "bad-argument";
    }
  };
  const std::vector<uint8_t> key(32);
  const std::vector<uint8_t> block(16);
  const std::span<const uint8_t> none;
  const std::span<uint8_t> block_room = std::span(room).first(16);
  CHECK(refused([&] { primitives.aes_256_ctr(std::span(key).first(31), block, none, {}); }));
  CHECK(refused([&] { primitives.aes_256_ctr(key, std::span(block).first(15), none, {}); }));
  CHECK(refused([&] { primitives.aes_256_ctr(key, block, key, block_room); }));
  CHECK(refused([&] { primitives.hmac(Digest::sha256, none, {}, room); }));
  CHECK(refused([&] { primitives.hmac(Digest::sha1, key, {}, room); }));
}
