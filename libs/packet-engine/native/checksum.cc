#include "checksum.h"

#include <bit>
#include <cstring>

namespace sallyport {

namespace {

static_assert(std::endian::native == std::endian::little, "sums are turned to network order by a byte swap");

uint64_t in_network_order(uint16_t value) { return static_cast<uint16_t>(value << 8 | value >> 8); }

void store(std::span<uint8_t> bytes, size_t offset, uint16_t folded) {
  std::memcpy(bytes.data() + offset, &folded, sizeof folded);
}

}  // namespace

uint64_t add_words(std::span<const uint8_t> bytes, uint64_t sum) {
  const uint8_t* next = bytes.data();
  size_t left = bytes.size();
  // Four lanes of 32-bit words: the compiler makes vectors of them, and 2^32 words cannot overflow a lane.
  uint64_t lanes[4] = {};
  for (; left >= 16; left -= 16, next += 16) {
    uint32_t words[4];
    std::memcpy(words, next, sizeof words);
    for (int lane = 0; lane < 4; ++lane) lanes[lane] += words[lane];
  }
  for (const uint64_t lane : lanes) sum += (lane & 0xffffffff) + (lane >> 32);
  for (; left >= 2; left -= 2, next += 2) {
    uint16_t word;
    std::memcpy(&word, next, sizeof word);
    sum += word;
  }
  return left == 0 ? sum : sum + *next;
}

uint16_t fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

uint64_t pseudo_header_sum(std::span<const uint8_t> packet, const TransportPacket& form, size_t transport_bytes) {
  const auto addresses = form.ipv6 ? packet.subspan(kIpv6Addresses, 32) : packet.subspan(kIpv4Addresses, 8);
  return add_words(addresses) + in_network_order(static_cast<uint8_t>(form.transport)) +
         in_network_order(static_cast<uint16_t>(transport_bytes)) +
         in_network_order(static_cast<uint16_t>(transport_bytes >> 16));
}

void set_ipv4_checksum(std::span<uint8_t> packet, size_t header_bytes) {
  write_u16(packet, kIpv4Checksum, 0);
  store(packet, kIpv4Checksum, static_cast<uint16_t>(~fold(add_words(packet.first(header_bytes)))));
}

void set_lengths(std::span<uint8_t> packet, const TransportPacket& form, size_t bytes) {
  if (form.ipv6) {
    write_u16(packet, kIpv6PayloadLength, static_cast<uint32_t>(bytes - kIpv6HeaderBytes));
  } else {
    write_u16(packet, kIpv4TotalLength, static_cast<uint32_t>(bytes));
    set_ipv4_checksum(packet, kIpv4HeaderBytes);
  }
  if (form.transport == InnerProtocol::udp) {
    write_u16(packet, form.transport_offset + kUdpLength, static_cast<uint32_t>(bytes - form.transport_offset));
  }
}

bool transport_checksum_right(std::span<const uint8_t> packet, const TransportPacket& form) {
  if (form.transport == InnerProtocol::udp && read_u16(packet, form.checksum_offset()) == 0) return false;
  const auto transport = packet.subspan(form.transport_offset, form.bytes - form.transport_offset);
  return fold(add_words(transport, pseudo_header_sum(packet, form, transport.size()))) == 0xffff;
}

void set_transport_checksum(std::span<uint8_t> packet, const TransportPacket& form) {
  write_u16(packet, form.checksum_offset(), 0);
  const auto transport = packet.subspan(form.transport_offset, form.bytes - form.transport_offset);
  auto sum = static_cast<uint16_t>(~fold(add_words(transport, pseudo_header_sum(packet, form, transport.size()))));
  if (sum == 0 && form.transport == InnerProtocol::udp) sum = 0xffff;
  store(packet, form.checksum_offset(), sum);
}

void replace_word(std::span<uint8_t> packet, size_t offset, uint16_t value, size_t checksum_offset, bool odd) {
  const auto turned = [odd](uint16_t word) { return odd ? static_cast<uint16_t>(word << 8 | word >> 8) : word; };
  uint32_t sum = static_cast<uint16_t>(~read_u16(packet, checksum_offset));
  sum += static_cast<uint16_t>(~turned(read_u16(packet, offset)));
  sum += turned(value);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  write_u16(packet, offset, value);
  write_u16(packet, checksum_offset, static_cast<uint16_t>(~sum));
}

}  // namespace sallyport
