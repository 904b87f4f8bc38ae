#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "transport_packet.h"

namespace sallyport {

// The Internet checksum (RFC 1071) in parts: sums are taken in the machine's byte order and folded at the end.

// Adds up 16-bit words; an odd last byte counts as a word that ends in zero, so only the last part may be odd.
uint64_t add_words(std::span<const uint8_t> bytes, uint64_t sum = 0);

// Folds a sum to 16 bits, in the machine's byte order: it is stored as it is.
uint16_t fold(uint64_t sum);

// The sum over the addresses, protocol and length that a TCP or UDP checksum covers beside its own packet.
uint64_t pseudo_header_sum(std::span<const uint8_t> packet, const TransportPacket& form, size_t transport_bytes);

// Makes the header checksum of an IPv4 packet right.
void set_ipv4_checksum(std::span<uint8_t> packet, size_t header_bytes);

// Makes the headers say that the packet has `bytes` bytes, and the header checksum of an IPv4 packet right.
void set_lengths(std::span<uint8_t> packet, const TransportPacket& form, size_t bytes);

// Says whether the TCP or UDP checksum is right. A UDP packet over IPv4 without one is not.
bool transport_checksum_right(std::span<const uint8_t> packet, const TransportPacket& form);

// Makes the TCP or UDP checksum right; a UDP checksum of zero becomes 0xffff.
void set_transport_checksum(std::span<uint8_t> packet, const TransportPacket& form);

// Changes one 16-bit word under a checksum, which stays as right or wrong as it was (RFC 1624, equation 3). `odd` says
// that the word begins at an odd offset of what is summed, where its bytes count the other way round.
void replace_word(std::span<uint8_t> packet, size_t offset, uint16_t value, size_t checksum_offset, bool odd = false);

}  // namespace sallyport
