#include "aead.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <new>
#include <random>

#include "check.h"
#include "data_key.h"
#include "hex.h"
#include "refusal.h"

using namespace sallyport;

namespace {

constexpr std::array kCiphers = {Cipher::aes_256_gcm, Cipher::aes_128_gcm, Cipher::chacha20_poly1305};
constexpr size_t kLongestText = 2048;

// A packet's parts; `text` and `tag` are what changes.
struct Parts {
  std::array<uint8_t, kNonceBytes> nonce{};
  Bytes additional;
  Bytes text;
  std::array<uint8_t, kTagBytes> tag{};

  bool operator==(const Parts&) const = default;
};

struct Random {
  std::mt19937 source{20261122};

  size_t below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(source); }
  void fill(std::span<uint8_t> bytes) {
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(source());
  }
  Bytes bytes(size_t count) {
    Bytes bytes(count);
    fill(bytes);
    return bytes;
  }
  Parts parts(size_t text_bytes, size_t additional_bytes) {
    Parts parts;
    fill(parts.nonce);
    parts.additional = bytes(additional_bytes);
    parts.text = bytes(text_bytes);
    return parts;
  }
};

std::vector<CipherChoice> choices() {
  std::vector<CipherChoice> all;
  for (const Cipher cipher : kCiphers) {
    for (const CipherLibrary library : {CipherLibrary::openssl, CipherLibrary::ipsec_mb}) {
      if (has_cipher_library(library)) all.push_back({cipher, library});
    }
  }
  return all;
}

// Both directions of one key.
struct Pair {
  Aead sealer;
  Aead opener;

  Pair(const CipherChoice& choice, const Bytes& key)
      : sealer(choice, Aead::Direction::seal, key), opener(choice, Aead::Direction::open, key) {}

  Parts sealed(Parts parts) {
    CHECK(sealer.seal(parts.nonce, parts.additional, parts.text, parts.tag));
    return parts;
  }
  bool opens(Parts& parts) { return opener.open(parts.nonce, parts.additional, parts.text, parts.tag); }
};

// What a thread that did `work` leaves on its stack.
Bytes stack_after(const std::function<void()>& work) {
  // A sanitizer puts its own state of a thread there too.
  constexpr size_t kStackBytes = 4 * 1024 * 1024;
  void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstack(&attributes, memory, kStackBytes) == 0);
  const auto body = [](void* argument) -> void* {
    (*static_cast<const std::function<void()>*>(argument))();
    return nullptr;
  };
  pthread_t thread;
  CHECK(pthread_create(&thread, &attributes, body, const_cast<std::function<void()>*>(&work)) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  const auto* bytes = static_cast<const uint8_t*>(memory);
  Bytes stack(bytes, bytes + kStackBytes);
  munmap(memory, kStackBytes);
  return stack;
}

bool contains(std::span<const uint8_t> bytes, std::span<const uint8_t> part) {
  return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

std::string refusal(const CipherChoice& choice, const Bytes& key) {
  return fixture::code_of([&] { const Aead aead(choice, Aead::Direction::seal, key); });
}

// What was in the over-aligned memory that was given back last.
Bytes& given_back() {
  static Bytes bytes;
  return bytes;
}

// Some bytes at the very end of a page that nothing may be read or written behind.
class Cliff {
 public:
  Cliff() : pages_(mmap(nullptr, 2 * page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (pages_ == MAP_FAILED || mprotect(static_cast<uint8_t*>(pages_) + page(), page(), PROT_NONE) != 0) throw errno;
  }
  ~Cliff() { munmap(pages_, 2 * page()); }
  Cliff(const Cliff&) = delete;
  Cliff& operator=(const Cliff&) = delete;

  std::span<uint8_t> last(size_t bytes) const { return {static_cast<uint8_t*>(pages_) + page() - bytes, bytes}; }
  std::span<uint8_t> put(std::span<const uint8_t> bytes) const {
    std::copy(bytes.begin(), bytes.end(), last(bytes.size()).begin());
    return last(bytes.size());
  }

 private:
  static size_t page() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }
  void* pages_;
};

}  // namespace

// The expanded keys of libipsec-mb are over-aligned, and little else is.
void* operator new(size_t bytes, std::align_val_t alignment) {
  const size_t step = static_cast<size_t>(alignment);
  if (void* memory = std::aligned_alloc(step, (bytes + step - 1) / step * step)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::copy_n(static_cast<uint8_t*>(memory), given_back().size(), given_back().begin());
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t alignment) noexcept { operator delete(memory, alignment); }

TEST("AEAD: refuses a key of another length, whoever computes") {
  for (const CipherChoice& choice : choices()) {
    const size_t right = key_bytes(choice.cipher);
    for (const size_t wrong : {size_t{0}, right - 1, right + 1, size_t{24}, 48 - right}) {
      CHECK(refusal(choice, Bytes(wrong)) == "bad-key-length");
    }
    CHECK(refusal(choice, Bytes(right)) == "none");
  }
}

TEST("AEAD: OpenSSL is always there, and a library that is not there is refused") {
  CHECK(has_cipher_library(CipherLibrary::openssl));
  CHECK(has_cipher_library(best_cipher_library()));
  const CipherChoice choice{Cipher::aes_256_gcm, CipherLibrary::ipsec_mb};
  CHECK(refusal(choice, Bytes(32)) ==
        (has_cipher_library(CipherLibrary::ipsec_mb) ? "none" : "cipher-library-missing"));
  CHECK(refusal({Cipher::chacha20_poly1305, CipherLibrary::ipsec_mb}, Bytes(32)) == "none");
}

TEST("AEAD: seals the published vectors of AES-GCM") {
  // Test cases 4 and 16 of McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)".
  const Bytes key_128 = from_hex("feffe9928665731c6d6a8f9467308308");
  const Bytes text = from_hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b39");
  Parts gcm;
  const Bytes nonce = from_hex("cafebabefacedbaddecaf888");
  std::copy(nonce.begin(), nonce.end(), gcm.nonce.begin());
  gcm.additional = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  gcm.text = text;
  for (const CipherChoice& choice : choices()) {
    if (choice.cipher == Cipher::chacha20_poly1305) continue;
    const bool long_key = choice.cipher == Cipher::aes_256_gcm;
    const Parts sealed = Pair(choice, long_key ? concat(key_128, key_128) : key_128).sealed(gcm);
    const Bytes tag(sealed.tag.begin(), sealed.tag.end());
    CHECK(tag == from_hex(long_key ? "76fc6ece0f4e1768cddf8853bb2d551b" : "5bc94fbc3221a5db94fae95ae7121a47"));
    CHECK(Bytes(sealed.text.begin(), sealed.text.begin() + 8) ==
          from_hex(long_key ? "522dc1f099567d07" : "42831ec221777424"));
  }
}

TEST("AEAD: both libraries seal generated packets of every length to the same bytes, and open each other's") {
  if (!has_cipher_library(CipherLibrary::ipsec_mb)) return;
  Random random;
  for (const Cipher cipher : {Cipher::aes_256_gcm, Cipher::aes_128_gcm}) {
    for (size_t bytes = 0; bytes <= kLongestText; ++bytes) {
      const Bytes key = random.bytes(key_bytes(cipher));
      Pair openssl({cipher, CipherLibrary::openssl}, key);
      Pair ipsec_mb({cipher, CipherLibrary::ipsec_mb}, key);
      const Parts parts = random.parts(bytes, random.below(3) == 0 ? random.below(65) : 8 + 4 * random.below(2));
      Parts first = openssl.sealed(parts);
      Parts second = ipsec_mb.sealed(parts);
      CHECK(first == second);
      CHECK(ipsec_mb.opens(first) && first.text == parts.text);
      CHECK(openssl.opens(second) && second.text == parts.text);
    }
  }
}

TEST("AEAD: a text may be empty, and so may the additional data") {
  Random random;
  for (const CipherChoice& choice : choices()) {
    Pair pair(choice, random.bytes(key_bytes(choice.cipher)));
    for (const size_t text_bytes : {0, 1, 15, 16, 17, 1440}) {
      for (const size_t additional_bytes : {0, 1, 8, 12, 64}) {
        const Parts parts = random.parts(text_bytes, additional_bytes);
        Parts sealed = pair.sealed(parts);
        CHECK(sealed.tag != parts.tag);
        CHECK(text_bytes < 16 || sealed.text != parts.text);
        CHECK(pair.opens(sealed) && sealed.text == parts.text);
      }
    }
  }
}

TEST("AEAD: a change of any bit of tag, nonce, additional data or text is seen, and the text is wiped") {
  Random random;
  for (const CipherChoice& choice : choices()) {
    Pair pair(choice, random.bytes(key_bytes(choice.cipher)));
    const Parts sealed = pair.sealed(random.parts(100, 12));
    const auto refused = [&](auto change) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        Parts forged = sealed;
        change(forged) ^= static_cast<uint8_t>(1u << bit);
        CHECK(!pair.opens(forged));
        CHECK(forged.text == Bytes(sealed.text.size()));
      }
    };
    for (size_t i = 0; i < kTagBytes; ++i) refused([i](Parts& parts) -> uint8_t& { return parts.tag[i]; });
    for (size_t i = 0; i < kNonceBytes; ++i) refused([i](Parts& parts) -> uint8_t& { return parts.nonce[i]; });
    for (size_t i = 0; i < sealed.additional.size(); ++i) {
      refused([i](Parts& parts) -> uint8_t& { return parts.additional[i]; });
    }
    for (size_t i = 0; i < sealed.text.size(); ++i) refused([i](Parts& parts) -> uint8_t& { return parts.text[i]; });
    Parts genuine = sealed;
    CHECK(pair.opens(genuine));
  }
}

TEST("AEAD: a text or additional data of another length does not open") {
  Random random;
  for (const CipherChoice& choice : choices()) {
    Pair pair(choice, random.bytes(key_bytes(choice.cipher)));
    const Parts sealed = pair.sealed(random.parts(64, 8));
    for (size_t bytes = 0; bytes <= 130; ++bytes) {
      Parts other = sealed;
      other.text.resize(bytes);
      CHECK(pair.opens(other) == (bytes == sealed.text.size()));
      other = sealed;
      other.additional.resize(bytes);
      CHECK(pair.opens(other) == (bytes == sealed.additional.size()));
    }
  }
}

TEST("AEAD: another key or another cipher does not open a packet") {
  Random random;
  const Bytes key = random.bytes(32);
  Bytes other_key = key;
  other_key.back() ^= 1;
  for (const CipherChoice& choice : choices()) {
    Pair pair(choice, Bytes(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(key_bytes(choice.cipher))));
    const Parts sealed = pair.sealed(random.parts(200, 8));
    for (const CipherChoice& other : choices()) {
      if (key_bytes(other.cipher) != 32) continue;
      Parts copy = sealed;
      CHECK(Pair(other, key).opens(copy) == (other.cipher == choice.cipher));
      copy = sealed;
      CHECK(!Pair(other, other_key).opens(copy));
    }
  }
}

TEST("AEAD: texts of any alignment are read and written to their last byte and no further") {
  Random random;
  const Cliff text_end;
  const Cliff additional_end;
  const Cliff nonce_end;
  const Cliff tag_end;
  for (const CipherChoice& choice : choices()) {
    Pair pair(choice, random.bytes(key_bytes(choice.cipher)));
    for (size_t bytes = 0; bytes <= 600; ++bytes) {
      const Parts parts = random.parts(bytes, bytes % 33);
      const Parts expected = pair.sealed(parts);
      const auto before = text_end.last(bytes + 64).first(64);
      std::fill(before.begin(), before.end(), 0xEE);
      const auto text = text_end.put(parts.text);
      const auto additional = additional_end.put(parts.additional);
      const auto nonce = nonce_end.put(parts.nonce).first<kNonceBytes>();
      const auto tag = tag_end.put(parts.tag).first<kTagBytes>();
      CHECK(pair.sealer.seal(nonce, additional, text, tag));
      CHECK(std::equal(text.begin(), text.end(), expected.text.begin(), expected.text.end()));
      CHECK(std::equal(tag.begin(), tag.end(), expected.tag.begin()));
      CHECK(pair.opener.open(nonce, additional, text, tag));
      CHECK(std::equal(text.begin(), text.end(), parts.text.begin(), parts.text.end()));
      CHECK(std::all_of(before.begin(), before.end(), [](uint8_t byte) { return byte == 0xEE; }));
    }
  }
}

TEST("AEAD: a packet that did not open leaves no trace in the next") {
  Random random;
  for (const CipherChoice& choice : choices()) {
    Pair pair(choice, random.bytes(key_bytes(choice.cipher)));
    for (const size_t bytes : {0, 1, 31, 500}) {
      const Parts parts = random.parts(bytes, 8);
      Parts sealed = pair.sealed(parts);
      Parts forged = sealed;
      forged.tag[7] ^= 0x10;
      CHECK(!pair.opens(forged));
      CHECK(pair.opens(sealed) && sealed.text == parts.text);
    }
  }
}

TEST("AEAD: an expanded key is wiped before its memory is given back") {
  if (!has_cipher_library(CipherLibrary::ipsec_mb)) return;
  given_back().assign(kExpandedKeyBytes, 0xFF);
  {
    const Aead aead({Cipher::aes_256_gcm, CipherLibrary::ipsec_mb}, Aead::Direction::seal, Bytes(32, 7));
    CHECK(given_back().front() == 0xFF);
  }
  CHECK(given_back() == Bytes(kExpandedKeyBytes));
  given_back().clear();
}

TEST("AEAD: neither the tag that a forged packet should have nor the room for the library's work stays on the stack") {
  if (!has_cipher_library(CipherLibrary::ipsec_mb)) return;
  Random random;
  for (const Cipher cipher : {Cipher::aes_256_gcm, Cipher::aes_128_gcm}) {
    Pair pair({cipher, CipherLibrary::ipsec_mb}, random.bytes(key_bytes(cipher)));
    for (const size_t bytes : {0, 20, 500}) {
      const Parts parts = random.parts(bytes, 8);
      const Parts sealed = pair.sealed(parts);
      Parts forged = sealed;
      forged.tag[7] ^= 0x10;
      Parts again = parts;
      bool genuine = true;
      const Bytes opening = stack_after([&] { genuine = pair.opens(forged); });
      const Bytes sealing =
          stack_after([&] { pair.sealer.seal(again.nonce, again.additional, again.text, again.tag); });
      CHECK(!genuine && again == sealed);
      CHECK(!contains(opening, sealed.tag));
      for (const Bytes& stack : {opening, sealing}) {
        // No secret, but it lies in the room for the library's work, where some builds leave secrets too.
        CHECK(!contains(stack, parts.nonce));
      }
    }
  }
}

TEST("AEAD: a data key of one library opens what one of the other sealed, in both formats") {
  if (!has_cipher_library(CipherLibrary::ipsec_mb)) return;
  Random random;
  const Bytes key = random.bytes(32);
  const Bytes iv = random.bytes(8);
  for (const bool epoch : {false, true}) {
    KeyMaterial material{Cipher::aes_256_gcm, 3, key, iv, key, iv};
    material.epoch = epoch;
    if (epoch) material.seal_iv = material.open_iv = {};
    const auto made_by = [&](CipherLibrary library) {
      material.library = library;
      return DataKey(material);
    };
    for (const CipherLibrary sealing : {CipherLibrary::openssl, CipherLibrary::ipsec_mb}) {
      const CipherLibrary opening =
          sealing == CipherLibrary::openssl ? CipherLibrary::ipsec_mb : CipherLibrary::openssl;
      DataKey sender = made_by(sealing);
      DataKey receiver = made_by(opening);
      for (size_t bytes = 1; bytes < 1500; bytes += 61) {
        const Bytes text = random.bytes(bytes);
        Bytes buffer(kBufferBytes);
        PacketBuffer packet(buffer.data());
        std::copy(text.begin(), text.end(), packet.room().begin());
        packet.set_text(bytes);
        CHECK(sender.seal(7, packet) == Sealed::ok);
        const Opened opened = receiver.open(packet.bytes());
        CHECK(opened.result == Opened::Result::ok && std::equal(text.begin(), text.end(), opened.text.begin()));
      }
    }
  }
}
