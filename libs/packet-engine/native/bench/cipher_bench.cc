#include <malloc.h>
#include <napi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "aead.h"
#include "big_endian.h"
#include "data_key.h"

// What sealing and opening one packet costs on this core: the bare cipher of each library, and the whole of DataKey.
// Both handle batches of the engine's size in its own buffers. Rounds are interleaved and the fastest counts, so that a
// busy neighbour disturbs all alike. An addon as the engine is, so that OpenSSL is that of the node binary here too.

using namespace sallyport;

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kUsage = "[--json] [--rounds N] [BYTES ...]   BYTES: lengths of plaintexts, 92 and 1440 if none";
constexpr size_t kBatchesPerRound = 64;
constexpr size_t kDefaultRounds = 100;
constexpr uint32_t kPeerId = 5;
// As in the classic format: what is authenticated besides the text.
constexpr size_t kAdditionalBytes = 8;

struct Options {
  bool json = false;
  size_t rounds = kDefaultRounds;
  std::vector<size_t> lengths;
};

enum class Layer { cipher, data_key };

struct Row {
  CipherChoice choice;
  Layer layer;
  size_t bytes;
  double seal_ns = std::numeric_limits<double>::infinity();
  double open_ns = std::numeric_limits<double>::infinity();
};

void require(bool good) {
  if (!good) throw std::runtime_error("a packet was not sealed or opened");
}

KeyMaterial material(const CipherChoice& choice) {
  static const std::vector<uint8_t> key(32, 0xA1);
  static const std::vector<uint8_t> iv(8, 0xC3);
  const auto used = std::span(key).first(key_bytes(choice.cipher));
  KeyMaterial material{choice.cipher, 0, used, iv, used, iv};
  material.library = choice.library;
  return material;
}

// The cipher alone. The nonce changes with each packet, as it does in use.
class CipherSubject {
 public:
  explicit CipherSubject(const CipherChoice& choice)
      : sealer_(choice, Aead::Direction::seal, material(choice).seal_key),
        opener_(choice, Aead::Direction::open, material(choice).open_key) {}

  void seal(size_t index, std::span<uint8_t> text) {
    require(sealer_.seal(nonce(sealed_++), additional_, text, tags_[index]));
  }
  void open(size_t index, std::span<uint8_t> text) {
    require(opener_.open(nonce(opened_++), additional_, text, tags_[index]));
  }

 private:
  std::span<const uint8_t, kNonceBytes> nonce(uint64_t number) {
    write_number(nonce_, number);
    return nonce_;
  }

  Aead sealer_;
  Aead opener_;
  uint64_t sealed_ = 0;
  uint64_t opened_ = 0;
  std::array<uint8_t, kAdditionalBytes> additional_{};
  std::array<uint8_t, kNonceBytes> nonce_{};
  std::array<std::array<uint8_t, kTagBytes>, kBatchPackets> tags_{};
};

// All that the engine does with a key.
class DataKeySubject {
 public:
  explicit DataKeySubject(const CipherChoice& choice) : sender_(material(choice)), receiver_(material(choice)) {}

  void seal(size_t index, std::span<uint8_t> text) {
    PacketBuffer packet(text.data() - kHeadRoomBytes);
    packet.set_text(text.size());
    require(sender_.seal(kPeerId, packet) == Sealed::ok && !sender_.take_limit_notice());
    packets_[index] = packet.bytes();
  }
  void open(size_t index, std::span<uint8_t>) {
    require(receiver_.open(packets_[index]).result == Opened::Result::ok && !receiver_.take_limit_notice());
  }

 private:
  DataKey sender_;
  DataKey receiver_;
  std::array<std::span<uint8_t>, kBatchPackets> packets_;
};

// Runs one round and keeps what was faster than all before.
template <class Subject>
void measure(Row& row, std::span<uint8_t> buffers) {
  Subject subject(row.choice);
  Clock::duration sealing{};
  Clock::duration opening{};
  const auto text = [&](size_t index) { return buffers.subspan(index * kBufferBytes + kHeadRoomBytes, row.bytes); };
  for (size_t batch = 0; batch < kBatchesPerRound; ++batch) {
    const auto start = Clock::now();
    for (size_t i = 0; i < kBatchPackets; ++i) subject.seal(i, text(i));
    const auto middle = Clock::now();
    for (size_t i = 0; i < kBatchPackets; ++i) subject.open(i, text(i));
    opening += Clock::now() - middle;
    sealing += middle - start;
  }
  const auto each = [](Clock::duration all) {
    return std::chrono::duration<double, std::nano>(all).count() / (kBatchesPerRound * kBatchPackets);
  };
  row.seal_ns = std::min(row.seal_ns, each(sealing));
  row.open_ns = std::min(row.open_ns, each(opening));
}

std::vector<Row> measure_all(const Options& options) {
  std::vector<Row> rows;
  for (const CipherLibrary library : {CipherLibrary::openssl, CipherLibrary::ipsec_mb}) {
    if (!has_cipher_library(library)) continue;
    for (const Cipher cipher : {Cipher::aes_256_gcm, Cipher::aes_128_gcm, Cipher::chacha20_poly1305}) {
      if (cipher == Cipher::chacha20_poly1305 && library != CipherLibrary::openssl) continue;
      for (const size_t bytes : options.lengths) {
        for (const Layer layer : {Layer::cipher, Layer::data_key}) rows.push_back({{cipher, library}, layer, bytes});
      }
    }
  }
  std::vector<uint8_t> buffers(kBatchPackets * kBufferBytes, 0x5A);
  for (size_t round = 0; round < options.rounds; ++round) {
    for (Row& row : rows) {
      row.layer == Layer::cipher ? measure<CipherSubject>(row, buffers) : measure<DataKeySubject>(row, buffers);
    }
  }
  return rows;
}

// Heap that one key of one direction takes.
size_t state_bytes(const CipherChoice& choice) {
  constexpr size_t kKeys = 64;
  std::vector<std::unique_ptr<Aead>> keys(kKeys);
  const auto make = [&] { return std::make_unique<Aead>(choice, Aead::Direction::seal, material(choice).seal_key); };
  keys[0] = make();
  const size_t before = mallinfo2().uordblks;
  for (size_t i = 1; i < kKeys; ++i) keys[i] = make();
  return (mallinfo2().uordblks - before) / (kKeys - 1);
}

const char* name_of(Cipher cipher) {
  switch (cipher) {
    case Cipher::aes_256_gcm:
      return "AES-256-GCM";
    case Cipher::aes_128_gcm:
      return "AES-128-GCM";
    case Cipher::chacha20_poly1305:
      return "CHACHA20-POLY1305";
  }
  return "";
}

const char* name_of(CipherLibrary library) { return kCipherLibraryNames[static_cast<size_t>(library)]; }
const char* name_of(Layer layer) { return layer == Layer::cipher ? "cipher" : "data-key"; }

void print_table(const std::vector<Row>& rows) {
  std::printf("%-9s %-18s %-9s %6s %8s %8s %8s %8s %6s\n", "library", "cipher", "layer", "bytes", "seal ns", "s/GB",
              "open ns", "s/GB", "state");
  for (const Row& row : rows) {
    const auto bytes = static_cast<double>(row.bytes);
    std::printf("%-9s %-18s %-9s %6zu %8.1f %8.3f %8.1f %8.3f %6zu\n", name_of(row.choice.library),
                name_of(row.choice.cipher), name_of(row.layer), row.bytes, row.seal_ns, row.seal_ns / bytes,
                row.open_ns, row.open_ns / bytes, state_bytes(row.choice));
  }
}

void print_json(const std::vector<Row>& rows) {
  std::printf("[");
  for (const Row& row : rows) {
    const auto bytes = static_cast<double>(row.bytes);
    std::printf(
        "%s\n  {\"library\": \"%s\", \"cipher\": \"%s\", \"layer\": \"%s\", \"bytes\": %zu, \"sealNanoseconds\": %.2f, "
        "\"sealSecondsPerGigabyte\": %.5f, \"openNanoseconds\": %.2f, \"openSecondsPerGigabyte\": %.5f, "
        "\"stateBytes\": %zu}",
        &row == rows.data() ? "" : ",", name_of(row.choice.library), name_of(row.choice.cipher), name_of(row.layer),
        row.bytes, row.seal_ns, row.seal_ns / bytes, row.open_ns, row.open_ns / bytes, state_bytes(row.choice));
  }
  std::printf("\n]\n");
}

std::optional<size_t> positive(std::string_view text, size_t most) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 || number > most) return std::nullopt;
  return number;
}

std::optional<Options> parse(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--json") {
      options.json = true;
    } else if (argument == "--rounds") {
      const auto rounds = positive(++i < arguments.size() ? arguments[i] : std::string(), 1'000'000);
      if (!rounds) return std::nullopt;
      options.rounds = *rounds;
    } else {
      const auto length = positive(argument, kMaxInnerBytes);
      if (!length) return std::nullopt;
      options.lengths.push_back(*length);
    }
  }
  if (options.lengths.empty()) options.lengths = {92, 1440};
  return options;
}

}  // namespace

// run(arguments): prints the table or, after --json, the same as JSON; gives the exit status.
static Napi::Value run(const Napi::CallbackInfo& info) {
  std::vector<std::string> arguments;
  const auto given = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < given.Length(); ++i) arguments.push_back(given.Get(i).As<Napi::String>());
  const auto options = parse(arguments);
  if (!options) {
    std::fprintf(stderr, "usage: cipher_bench %s\n", kUsage);
    return Napi::Number::New(info.Env(), 2);
  }
  const std::vector<Row> rows = measure_all(*options);
  options->json ? print_json(rows) : print_table(rows);
  std::fflush(stdout);
  return Napi::Number::New(info.Env(), 0);
}

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports["run"] = Napi::Function::New(env, run, "run");
  return exports;
}

NODE_API_MODULE(cipher_bench, initialize)
