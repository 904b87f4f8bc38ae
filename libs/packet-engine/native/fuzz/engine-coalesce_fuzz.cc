#include "coalescer.h"
#include "flows.h"

// A batch of packets goes through the coalescer, and each item is cut again: what comes out is what went in, in order
// within each flow, and each item is one that the kernel takes.

using namespace sallyport;
using fuzz::Bytes;

namespace {

constexpr size_t kPackets = 64;
constexpr size_t kMostDatagrams = 64;

void check_item(const Coalescer::Item& item) {
  const Bytes whole = fuzz::joined(item.parts);
  HOLDS(whole.size() <= 65535);
  if (item.packets == 1) {
    HOLDS(item.header.gso_type == kVirtioGsoNone && item.header.flags == 0);
    return;
  }
  const auto form = read_transport_packet(whole);
  HOLDS(form && form->bytes == whole.size());
  HOLDS(item.header.flags == kVirtioNeedsChecksum);
  HOLDS(item.header.header_bytes == form->payload_offset);
  HOLDS(item.header.checksum_start == form->transport_offset);
  HOLDS(size_t{item.header.checksum_start} + item.header.checksum_offset == form->checksum_offset());
  HOLDS(item.header.segment_bytes > 0 && form->payload_bytes() > item.header.segment_bytes);
  HOLDS(form->ipv6 || fuzz::network_checksum_right(whole));
  if (form->transport == InnerProtocol::udp) HOLDS(item.packets <= kMostDatagrams);
}

// A fragment or a packet with options has no ports to see, and yet is of one of the flows between its hosts.
void check_unreadable(const std::vector<Bytes>& before, const std::vector<Bytes>& after) {
  for (const Bytes& packet : before) {
    if (read_transport_packet(packet)) continue;
    const Bytes pair = fuzz::flow_of(packet, false);
    const auto ahead = [&](const std::vector<Bytes>& all) {
      size_t count = 0;
      for (const Bytes& other : all) {
        if (other == packet) break;
        if (fuzz::flow_of(other, false) == pair) ++count;
      }
      return count;
    };
    HOLDS(ahead(before) == ahead(after));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Coalescer coalescer(kPackets);
  fuzz::Input input(data, size);
  fuzz::Flows flows;
  // The second batch meets what the first left behind.
  for (int round = 0; round < 2 && !input.empty(); ++round) {
    std::vector<Bytes> before;
    const size_t packets = 1 + input.u8() % kPackets;
    while (before.size() < packets && !input.empty()) before.push_back(fuzz::inner_packet(input, flows));
    const auto merge = static_cast<Coalescer::Merge>(input.u8() % 3);
    std::vector<Bytes> inside = before;
    for (Bytes& packet : inside) coalescer.add(nullptr, packet, merge);
    std::vector<Bytes> after, taken_apart;
    for (auto& item : coalescer.finish()) {
      check_item(item);
      for (Bytes& packet : fuzz::cut(item.header, item.parts, item.packets)) after.push_back(std::move(packet));
      coalescer.split(item,
                      [&](std::span<const uint8_t> packet) { taken_apart.emplace_back(packet.begin(), packet.end()); });
    }
    coalescer.clear();
    HOLDS(fuzz::by_flow(before) == fuzz::by_flow(after));
    HOLDS(fuzz::by_flow(before) == fuzz::by_flow(taken_apart));
    check_unreadable(before, after);
  }
  return 0;
}
