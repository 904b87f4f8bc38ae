#include "segmenter.h"

#include <random>

#include "check.h"
#include "packets.h"

using namespace sallyport;
using packets::Bytes;
using packets::cut;
using packets::header_for;
using packets::make;
using packets::open_checksum;

TEST("segmenter: refuses headers that do not fit the packet") {
  const Bytes packet = make({.payload = 3000});
  CHECK(!Segmenter::begin({}, {}));
  CHECK(cut(header_for(packet, kVirtioGsoTcp6, 1000), packet).empty());
  CHECK(cut(header_for(packet, 5, 1000), packet).empty());
  CHECK(cut(header_for(packet, 3, 1000), packet).empty());
  CHECK(cut(header_for(packet, kVirtioGsoTcp4, 0), packet).empty());
  const Bytes shorter(packet.begin(), packet.end() - 1);
  CHECK(cut(header_for(packet, kVirtioGsoTcp4, 1000), shorter).empty());
  VirtioHeader beyond = header_for(packet, kVirtioGsoNone, 0);
  beyond.checksum_start = static_cast<uint16_t>(packet.size() - 1);
  CHECK(cut(beyond, packet).empty());
}

TEST("segmenter: leaves a plain packet as it is, and closes a checksum that the kernel left open") {
  for (const InnerProtocol transport : {InnerProtocol::tcp, InnerProtocol::udp}) {
    for (const bool ipv6 : {false, true}) {
      const Bytes whole = make({.ipv6 = ipv6, .transport = transport, .payload = 333});
      CHECK(cut({}, whole) == (std::vector<Bytes>{whole}));
      Bytes open = whole;
      open_checksum(open);
      CHECK(cut(header_for(open, kVirtioGsoNone, 0), open) == (std::vector<Bytes>{whole}));
    }
  }
}

TEST("segmenter: TCP segments count sequence and identification up; CWR leads, PSH and FIN end") {
  for (const bool ipv6 : {false, true}) {
    packets::Options options{.ipv6 = ipv6, .sequence = 0xffffff00, .identification = 0xffff, .timestamps = true};
    options.flags = kTcpAck | kTcpPsh | kTcpFin | kTcpCwr;
    options.payload = 2500;
    Bytes packet = make(options);
    open_checksum(packet);
    const auto type = static_cast<uint8_t>((ipv6 ? kVirtioGsoTcp6 : kVirtioGsoTcp4) | kVirtioGsoEcn);
    const auto segments = cut(header_for(packet, type, 1000), packet);
    CHECK(segments.size() == 3);
    size_t offset = 0;
    for (size_t index = 0; index < segments.size(); ++index) {
      const Bytes& segment = segments[index];
      const auto form = read_transport_packet(segment);
      CHECK(form && form->bytes == segment.size() && transport_checksum_right(segment, *form));
      const size_t tcp = form->transport_offset;
      CHECK(read_u32(segment, tcp + kTcpSequence) == static_cast<uint32_t>(0xffffff00 + offset));
      const uint8_t flags = segment[tcp + kTcpFlags];
      CHECK((flags & kTcpCwr) == (index == 0 ? kTcpCwr : 0));
      CHECK((flags & (kTcpPsh | kTcpFin)) == (index == 2 ? (kTcpPsh | kTcpFin) : 0));
      if (!ipv6) CHECK(read_u16(segment, kIpv4Identification) == static_cast<uint16_t>(0xffff + index));
      if (!ipv6) CHECK(fold(add_words(std::span(segment).first(20))) == 0xffff);
      CHECK(std::equal(segment.begin() + static_cast<long>(form->payload_offset), segment.end(),
                       packet.begin() + static_cast<long>(form->payload_offset + offset)));
      offset += form->payload_bytes();
    }
    CHECK(offset == 2500);
  }
}

TEST("segmenter: UDP datagrams have lengths and checksums of their own") {
  for (const bool ipv6 : {false, true}) {
    Bytes packet = make({.ipv6 = ipv6, .transport = InnerProtocol::udp, .payload = 250});
    open_checksum(packet);
    const auto segments = cut(header_for(packet, 5, 100), packet);
    CHECK(segments.size() == 3);
    for (const Bytes& segment : segments) {
      const auto form = read_transport_packet(segment);
      CHECK(form && transport_checksum_right(segment, *form));
    }
    CHECK(segments.size() == 3 && segments[2].size() + 50 == segments[0].size());
  }
}

TEST("segmenter: any header over any bytes is refused or gives packets of the lengths that it says") {
  std::mt19937 random(11);
  for (int round = 0; round < 100000; ++round) {
    Bytes packet = round % 2 ? make({.ipv6 = random() % 2 == 0, .payload = random() % 300}) : Bytes(random() % 100);
    for (int flips = 0; !packet.empty() && flips < 3; ++flips) packet[random() % packet.size()] ^= 1 << random() % 8;
    VirtioHeader header{};
    header.flags = random() % 2;
    header.gso_type = static_cast<uint8_t>(random() % 8);
    header.segment_bytes = static_cast<uint16_t>(random() % 400);
    header.checksum_start = static_cast<uint16_t>(random() % 400);
    header.checksum_offset = static_cast<uint16_t>(random() % 20);
    size_t bytes = 0;
    for (const Bytes& segment : cut(header, packet)) bytes += segment.size();
    CHECK(bytes <= packet.size() + 400 * packet.size());
  }
}
