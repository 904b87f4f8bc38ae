#include <deque>
#include <string_view>

#include "delivery.h"
#include "flows.h"
#include "magic_payloads.h"
#include "neighbours.h"
#include "networks.h"
#include "test/hex.h"
#include "up_path.h"

// The whole way up: batches of genuine packets of three peers, in any order, again, cut and changed, of control packets
// and of any bytes. What reaches the device is what a peer sealed and may send, once and in order; every packet that
// does not reach it has been counted under one reason.

using namespace sallyport;
using fuzz::Bytes;

namespace {

constexpr uint32_t kPeers[] = {0x010002, 7, 12};
constexpr size_t kByTcp = 2;

const Bytes kOneKey(32, 0xA1);
const Bytes kOtherKey(32, 0xB2);
const Bytes kOneIv(8, 0xC3);
const Bytes kOtherIv(8, 0xD4);

KeyMaterial material(bool engine, bool epoch) {
  KeyMaterial made{};
  made.cipher = Cipher::aes_256_gcm;
  made.epoch = epoch;
  made.seal_key = engine ? kOneKey : kOtherKey;
  made.open_key = engine ? kOtherKey : kOneKey;
  if (epoch) return made;
  made.seal_iv = engine ? kOneIv : kOtherIv;
  made.open_iv = engine ? kOtherIv : kOneIv;
  return made;
}

struct Genuine {
  size_t peer;
  Bytes packet;
  Bytes text;
  bool opened = false;
};

class World {
 public:
  World() {
    std::vector<TunDevice> queues;
    queues.emplace_back(FileDescriptor(), true, TunOffload::tcp_udp);
    networks_.add(0, std::move(queues));
    for (size_t index = 0; index < std::size(kPeers); ++index) {
      Peer peer;
      peer.id = kPeers[index];
      peer.network = &networks_.get(0);
      peer.path = path_of(index);
      peer.ipv4 = ipv4_of(index);
      peer.ipv6 = ipv6_of(index);
      peer.primary = std::make_unique<DataKey>(material(true, index == 1));
      peers_.add(std::move(peer));
      senders_.emplace_back(material(false, index == 1));
    }
  }

  void step(fuzz::Input& input) {
    const uint8_t kind = input.u8();
    const auto ecn = static_cast<Ecn>((kind & 0x08) != 0 ? input.u8() % 4 : 0);
    switch (kind % 8) {
      case 0:
        return receive(input, any_bytes(input), ecn);
      case 1:
        if (!all_.empty()) receive(input, changed(all_[input.u8() % all_.size()].packet, input), ecn);
        return;
      case 2:
        if (!all_.empty()) arrive(all_[input.u8() % all_.size()], ecn);
        return;
      default:
        if (const auto place = seal(input); place && (kind & 0x10) == 0) arrive(all_[*place], ecn);
    }
  }

  // Ends a batch; the packets of it lie in memory until then.
  void flush() {
    up_.flush();
    HOLDS(fuzz::by_flow(expected_) == fuzz::by_flow(delivered_));
    reached_ += delivered_.size();
    HOLDS(counters_.read(Counter::tunPacketsSent) == reached_);
    expected_.clear();
    delivered_.clear();
    batch_.clear();
    upward_.take(1000);
    // Whoever says that he goes is heard once.
    const uint64_t unaccounted = received_ - accounted();
    HOLDS(unaccounted <= exits_);
  }

 private:
  static Ipv4Address ipv4_of(size_t index) { return {10, 8, 0, static_cast<uint8_t>(2 + index)}; }
  static Ipv6Address ipv6_of(size_t index) {
    return {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<uint8_t>(2 + index)};
  }
  static Path path_of(size_t index) {
    const auto at = [](uint8_t host) { return EndPoint::ipv4({htonl(0x7f000000U + host)}, 1194); };
    const auto host = static_cast<uint8_t>(1 + index);
    if (index == kByTcp) return {1, Transport::tcp, at(host), at(100), 5};
    return {0, Transport::udp, at(host), at(100), 0};
  }

  // As the peer sends it: an inner packet of its own or of another's, a ping, a message between OpenVPN's ends.
  std::optional<size_t> seal(fuzz::Input& input) {
    const uint8_t choice = input.u8();
    const size_t peer = choice % 4 == 3 ? 0 : choice % 4;
    Bytes text;
    if (choice >= 0xf8) {
      text.assign(kPing.begin(), kPing.end());
    } else if (choice >= 0xf0) {
      text.assign(kOccPrefix.begin(), kOccPrefix.end());
      for (const uint8_t byte : input.bytes(2)) text.push_back(byte);
    } else {
      text = fuzz::inner_packet(input, flows_);
      const size_t source = !text.empty() && text[0] >> 4 == 6 ? kIpv6Addresses + 15 : kIpv4Addresses + 3;
      if ((choice & 0x10) == 0 && source < text.size()) text[source] = static_cast<uint8_t>(2 + peer);
      if ((choice & 0x20) == 0) fuzz::close_checksums(text);
    }
    if (text.empty()) return std::nullopt;
    Bytes buffer(kBufferBytes);
    PacketBuffer packet(buffer.data());
    std::copy(text.begin(), text.end(), packet.room().begin());
    packet.set_text(text.size());
    HOLDS(senders_[peer].seal(kPeers[peer], packet) == Sealed::ok);
    all_.push_back({peer, {packet.bytes().begin(), packet.bytes().end()}, text});
    return all_.size() - 1;
  }

  static Bytes any_bytes(fuzz::Input& input) {
    Bytes bytes = input.bytes(input.u8());
    if ((input.u8() & 7) == 0) bytes.resize(input.u16() % 12000);
    return bytes;
  }

  static Bytes changed(Bytes packet, fuzz::Input& input) {
    if ((input.u8() & 1) != 0) packet.resize(input.u16() % (packet.size() + 8));
    // The first byte has the opcode, and then a packet may be one for somebody else to judge.
    if (packet.size() > 1) packet[1 + input.u16() % (packet.size() - 1)] ^= input.u8();
    return packet;
  }

  void receive(fuzz::Input& input, Bytes bytes, Ecn ecn) {
    const size_t from = input.u8() % std::size(kPeers);
    const auto genuine =
        std::find_if(all_.begin(), all_.end(), [&](const Genuine& one) { return one.packet == bytes; });
    if (genuine != all_.end()) return arrive(*genuine, ecn);
    take(path_of(from), std::move(bytes), ecn);
  }

  void take(const Path& path, Bytes bytes, Ecn ecn) {
    if (path.transport == Transport::tcp && bytes.empty()) return;
    batch_.push_back(std::move(bytes));
    if (path.transport == Transport::tcp) {
      if (up_.receive(path, batch_.back(), true, ecn) != Received::no_room) ++received_;
    } else {
      up_.receive({path, batch_.back(), ecn});
      ++received_;
    }
  }

  // A genuine packet opens the first time.
  void arrive(Genuine& genuine, Ecn ecn) {
    if (!genuine.opened) expect(genuine, ecn);
    genuine.opened = true;
    take(path_of(genuine.peer), genuine.packet, ecn);
  }

  void expect(const Genuine& genuine, Ecn ecn) {
    Bytes text = genuine.text;
    if (text.size() == kPing.size() && std::ranges::equal(text, kPing)) return;
    if (text.size() >= kOccPrefix.size() && std::equal(kOccPrefix.begin(), kOccPrefix.end(), text.begin())) {
      ++exits_;
      return;
    }
    const auto header = read_ip_header(text);
    if (!header) return;
    const auto* ipv4 = std::get_if<Ipv4Header>(&*header);
    const bool own =
        ipv4 ? ipv4->source == ipv4_of(genuine.peer) : std::get<Ipv6Header>(*header).source == ipv6_of(genuine.peer);
    if (own && carry_ecn(text, ecn)) expected_.push_back(text);
  }

  uint64_t accounted() const {
    uint64_t sum = 0;
    for (size_t index = 0; index < kCounterNames.size(); ++index) {
      if (std::string_view(kCounterNames[index]).starts_with("drop")) sum += counters_.read(index);
    }
    for (const Counter counter :
         {Counter::controlPacketsReceived, Counter::pingsReceived, Counter::occIgnored, Counter::tunPacketsSent}) {
      sum += counters_.read(counter);
    }
    return sum;
  }

  bool write(const VirtioHeader& header, std::span<const iovec> parts) {
    const Bytes whole = fuzz::joined(parts);
    const auto form = read_transport_packet(whole);
    const bool super = header.gso_type != kVirtioGsoNone;
    HOLDS(!super || form);
    const size_t segment = header.segment_bytes;
    const size_t count = super ? (form->payload_bytes() + segment - 1) / segment : 1;
    for (Bytes& packet : fuzz::cut(header, parts, count)) delivered_.push_back(std::move(packet));
    return true;
  }

  Networks networks_;
  PeerTable peers_;
  Counters counters_;
  UpwardQueue upward_{[] {}};
  // Of one shard nobody hands anything over.
  static inline Inboxes inboxes_{1};
  Neighbours neighbours_{inboxes_, 0, counters_};
  Delivery delivery_{counters_, upward_, 0,
                     [this](const TunDevice&, const VirtioHeader& header, std::span<const iovec> parts) {
                       return write(header, parts);
                     }};
  UpPath up_{peers_, delivery_, counters_, upward_, neighbours_};

  fuzz::Flows flows_;
  std::deque<DataKey> senders_;
  std::vector<Genuine> all_;
  std::vector<Bytes> batch_;
  std::vector<Bytes> expected_;
  std::vector<Bytes> delivered_;
  uint64_t received_ = 0;
  uint64_t reached_ = 0;
  uint64_t exits_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  World world;
  for (int batches = 0; batches < 4 && !input.empty(); ++batches) {
    const int packets = 1 + input.u8() % 128;
    for (int steps = 0; steps < packets && !input.empty(); ++steps) world.step(input);
    world.flush();
  }
  return 0;
}
