#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>

#include "coalescer.h"
#include "data_key.h"
#include "segmenter.h"

// Does on its standard input's order what the engine does with packets, so that a test can compare it with another
// implementation. Orders and answers are a length of 4 bytes and so many bytes; numbers are little-endian, lists are a
// count of 4 bytes and their elements, packets are a length of 4 bytes and their bytes.
//
//   split     1 · virtio header · packet          → list of packets, empty when refused
//   coalesce  2 · merge · list of packets          → list of (virtio header · number of packets · packet)
//   seal      3 · key · list of plaintexts         → list of packets
//   open      4 · key · list of packets            → list of (result · plaintext)
//
// A key is cipher · library · epoch · lzo byte · key id, a byte each, the peer-id of 4 bytes, and key and IV as
// packets.

using namespace sallyport;

namespace {

using Bytes = std::vector<uint8_t>;

bool read_fully(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return true;
}

class Order {
 public:
  explicit Order(std::span<const uint8_t> bytes) : rest_(bytes) {}

  std::span<const uint8_t> take(size_t count) {
    if (count > rest_.size()) throw std::runtime_error("an order ends early");
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  uint8_t u8() { return take(1)[0]; }
  uint32_t u32() {
    uint32_t value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  // A copy in memory of its own length.
  Bytes packet() {
    const auto bytes = take(u32());
    return {bytes.begin(), bytes.end()};
  }
  std::vector<Bytes> packets() {
    std::vector<Bytes> all(u32());
    for (Bytes& one : all) one = packet();
    return all;
  }
  VirtioHeader virtio_header() {
    VirtioHeader header;
    std::memcpy(&header, take(sizeof header).data(), sizeof header);
    return header;
  }

 private:
  std::span<const uint8_t> rest_;
};

class Answer {
 public:
  void u8(uint8_t value) { bytes_.push_back(value); }
  void u32(size_t value) {
    const auto number = static_cast<uint32_t>(value);
    raw({reinterpret_cast<const uint8_t*>(&number), sizeof number});
  }
  void raw(std::span<const uint8_t> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void packet(std::span<const uint8_t> bytes) {
    u32(bytes.size());
    raw(bytes);
  }
  void virtio_header(const VirtioHeader& header) { raw({reinterpret_cast<const uint8_t*>(&header), sizeof header}); }
  void write() const {
    const auto length = static_cast<uint32_t>(bytes_.size());
    std::fwrite(&length, sizeof length, 1, stdout);
    std::fwrite(bytes_.data(), 1, bytes_.size(), stdout);
    std::fflush(stdout);
  }

 private:
  Bytes bytes_;
};

void split(Order& order, Answer& answer) {
  const VirtioHeader header = order.virtio_header();
  const Bytes packet = order.packet();
  const auto segmenter = Segmenter::begin(header, packet);
  answer.u32(segmenter ? segmenter->count() : 0);
  for (size_t index = 0; segmenter && index < segmenter->count(); ++index) {
    Bytes segment(segmenter->bytes(index));
    segmenter->write(index, segment);
    answer.packet(segment);
  }
}

void coalesce(Order& order, Answer& answer) {
  const auto merge = static_cast<Coalescer::Merge>(order.u8());
  std::vector<Bytes> packets = order.packets();
  Coalescer coalescer(std::max<size_t>(1, packets.size()));
  for (Bytes& packet : packets) coalescer.add(nullptr, packet, merge);
  const auto items = coalescer.finish();
  answer.u32(items.size());
  for (const Coalescer::Item& item : items) {
    answer.virtio_header(item.header);
    answer.u32(item.packets);
    Bytes whole;
    for (const iovec& part : item.parts) {
      const auto* bytes = static_cast<const uint8_t*>(part.iov_base);
      whole.insert(whole.end(), bytes, bytes + part.iov_len);
    }
    answer.packet(whole);
  }
}

struct Key {
  explicit Key(Order& order) {
    material.cipher = static_cast<Cipher>(order.u8());
    // The library that the machine lacks cannot be compared with.
    const auto library = static_cast<CipherLibrary>(order.u8());
    material.library = has_cipher_library(library) ? library : CipherLibrary::openssl;
    material.epoch = order.u8() != 0;
    material.lzo_byte = order.u8() != 0;
    material.key_id = order.u8();
    peer_id = order.u32();
    key = order.packet();
    iv = order.packet();
    // One direction is used of each.
    material.seal_key = material.open_key = key;
    material.seal_iv = material.open_iv = iv;
  }
  Key(const Key&) = delete;

  KeyMaterial material{};
  uint32_t peer_id;
  Bytes key;
  Bytes iv;
};

void seal(Order& order, Answer& answer) {
  const Key key(order);
  DataKey data_key(key.material);
  const auto texts = order.packets();
  answer.u32(texts.size());
  for (const Bytes& text : texts) {
    Bytes buffer(kBufferBytes);
    PacketBuffer packet(buffer.data());
    std::copy(text.begin(), text.end(), packet.room().begin());
    packet.set_text(text.size());
    if (data_key.seal(key.peer_id, packet) != Sealed::ok) throw std::runtime_error("a packet was not sealed");
    answer.packet(packet.bytes());
  }
}

void open(Order& order, Answer& answer) {
  const Key key(order);
  DataKey data_key(key.material);
  auto packets = order.packets();
  answer.u32(packets.size());
  for (Bytes& packet : packets) {
    const Opened opened = data_key.open(packet);
    answer.u8(static_cast<uint8_t>(opened.result));
    answer.packet(opened.text);
  }
}

void carry_out(std::span<const uint8_t> bytes) {
  Order order(bytes);
  Answer answer;
  switch (order.u8()) {
    case 1:
      split(order, answer);
      break;
    case 2:
      coalesce(order, answer);
      break;
    case 3:
      seal(order, answer);
      break;
    case 4:
      open(order, answer);
      break;
    default:
      throw std::runtime_error("there is no such order");
  }
  answer.write();
}

}  // namespace

int main() {
  try {
    uint32_t length;
    while (read_fully({reinterpret_cast<uint8_t*>(&length), sizeof length})) {
      Bytes bytes(length);
      if (!read_fully(bytes)) throw std::runtime_error("the input ends early");
      carry_out(bytes);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
