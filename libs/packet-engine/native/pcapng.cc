#include "pcapng.h"

#include <cstring>

namespace sallyport {

namespace {

constexpr uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr uint32_t kInterfaceDescription = 1;
constexpr uint32_t kInterfaceStatistics = 5;
constexpr uint32_t kEnhancedPacket = 6;
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint64_t kUnknownSectionLength = ~uint64_t{0};
constexpr uint16_t kLinkTypeRaw = 101;

constexpr uint16_t kEndOfOptions = 0;
constexpr uint16_t kInterfaceName = 2;
constexpr uint16_t kTimeResolution = 9;
constexpr uint16_t kStatisticsReceived = 4;
constexpr uint16_t kStatisticsDropped = 5;
constexpr uint16_t kPacketFlags = 2;
constexpr uint8_t kNanoseconds = 9;

constexpr size_t padded_size(size_t bytes) { return (bytes + 3) & ~size_t{3}; }

// Two lengths and a type, the fields of an enhanced packet block, the flags option and the end of options.
constexpr size_t kPacketOverheadBytes = 12 + 20 + 8 + 4;

std::span<const uint8_t> bytes_of(const auto& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

}  // namespace

size_t PcapngWriter::packet_bytes(size_t bytes) { return kPacketOverheadBytes + padded_size(bytes); }

template <class Number>
void PcapngWriter::number(Number value) {
  const auto bytes = bytes_of(value);
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void PcapngWriter::padded(std::span<const uint8_t> bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  out_.resize(out_.size() + padded_size(bytes.size()) - bytes.size());
}

void PcapngWriter::option(uint16_t code, std::span<const uint8_t> value) {
  number(code);
  number(static_cast<uint16_t>(value.size()));
  padded(value);
}

void PcapngWriter::time(uint64_t nanoseconds) {
  number(static_cast<uint32_t>(nanoseconds >> 32));
  number(static_cast<uint32_t>(nanoseconds));
}

void PcapngWriter::begin(std::string_view interface_name) {
  constexpr uint32_t kSectionBytes = 28;
  number(kSectionHeader);
  number(kSectionBytes);
  number(kByteOrderMagic);
  number(uint16_t{1});
  number(uint16_t{0});
  number(kUnknownSectionLength);
  number(kSectionBytes);

  const auto bytes = static_cast<uint32_t>(20 + 4 + padded_size(interface_name.size()) + 8 + 4);
  number(kInterfaceDescription);
  number(bytes);
  number(kLinkTypeRaw);
  number(uint16_t{0});
  number(uint32_t{0});
  option(kInterfaceName, {reinterpret_cast<const uint8_t*>(interface_name.data()), interface_name.size()});
  option(kTimeResolution, bytes_of(kNanoseconds));
  option(kEndOfOptions, {});
  number(bytes);
}

void PcapngWriter::packet(uint64_t nanoseconds, Direction direction, std::span<const uint8_t> head,
                          std::span<const uint8_t> rest) {
  const auto length = static_cast<uint32_t>(head.size() + rest.size());
  const auto bytes = static_cast<uint32_t>(packet_bytes(length));
  number(kEnhancedPacket);
  number(bytes);
  number(uint32_t{0});
  time(nanoseconds);
  number(length);
  number(length);
  out_.insert(out_.end(), head.begin(), head.end());
  out_.insert(out_.end(), rest.begin(), rest.end());
  out_.resize(out_.size() + padded_size(length) - length);
  option(kPacketFlags, bytes_of(direction));
  option(kEndOfOptions, {});
  number(bytes);
}

void PcapngWriter::end(uint64_t nanoseconds, uint64_t received, uint64_t missed) {
  constexpr uint32_t kBytes = 24 + 12 + 12 + 4;
  number(kInterfaceStatistics);
  number(kBytes);
  number(uint32_t{0});
  time(nanoseconds);
  option(kStatisticsReceived, bytes_of(received));
  option(kStatisticsDropped, bytes_of(missed));
  option(kEndOfOptions, {});
  number(kBytes);
}

}  // namespace sallyport
