#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport {

// Which way a captured packet went, as the peer's server sees it. Values are those of the pcapng flags.
enum class Direction : uint32_t { from_peer = 1, to_peer = 2 };

// Writes the blocks of a pcapng file (draft-ietf-opsawg-pcapng) with one interface of bare IP packets (LINKTYPE_RAW)
// and times in nanoseconds, in the machine's byte order as the format has it. Each call appends whole blocks.
class PcapngWriter {
 public:
  explicit PcapngWriter(std::vector<uint8_t>& out) : out_(out) {}

  // Bytes that a packet of `bytes` takes in the file.
  static size_t packet_bytes(size_t bytes);

  void begin(std::string_view interface_name);
  // The packet is `head` and then `rest`; `nanoseconds` since 1970.
  void packet(uint64_t nanoseconds, Direction direction, std::span<const uint8_t> head, std::span<const uint8_t> rest);
  // What the interface saw in all, and what of it is not in the file.
  void end(uint64_t nanoseconds, uint64_t received, uint64_t missed);

 private:
  template <class Number>
  void number(Number value);
  void padded(std::span<const uint8_t> bytes);
  void option(uint16_t code, std::span<const uint8_t> value);
  void time(uint64_t nanoseconds);

  std::vector<uint8_t>& out_;
};

}  // namespace sallyport
