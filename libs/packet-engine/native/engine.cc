#include "engine.h"

#include <array>
#include <string>
#include <utility>

#include "failure.h"
#include "frame.h"
#include "monotonic.h"
#include "steering.h"

namespace sallyport {

namespace {

// Each has a thread, and up to Tap::kBufferBytes.
constexpr size_t kMaxEndedTaps = 16;

}  // namespace

Engine::Engine(std::function<void()> wake, const EngineOptions& options)
    : upward_(std::move(wake)), inboxes_(options.data_threads) {
  for (uint32_t number = 0; number < inboxes_.shards(); ++number) {
    shards_.push_back(std::make_unique<Shard>(number, networks_, inboxes_, upward_));
  }
}

Engine::~Engine() { stop(); }

void Engine::stop() {
  const std::lock_guard once(stop_mutex_);
  for (const auto& shard : shards_) shard->stop();
  networks_.clear();
  taps_.clear();
  ended_taps_.clear();
}

template <class Verb>
auto Engine::in_all_turns(Verb verb) {
  std::array<Shard::Turn, kMaxShards> turns;
  for (size_t i = 0; i < shards_.size(); ++i) turns[i] = shards_[i]->take_turn();
  return verb();
}

Shard& Engine::home_of(uint32_t peer_id) {
  Shard& shard = *shards_[inboxes_.home_of(peer_id)];
  return shard.peers().find(peer_id) ? shard : first();
}

template <class Verb>
auto Engine::with_peer(uint32_t peer_id, Verb verb) {
  Shard& shard = home_of(peer_id);
  return shard.in_turn([&] { return verb(shard, shard.peers().get(peer_id)); });
}

std::vector<Listener> Engine::open_listener(Transport transport, const EndPoint& local, bool pass_foreign,
                                            const Dscp& dscp) const {
  std::vector<Listener> opened;
  if (transport == Transport::tcp) {
    opened.emplace_back(std::in_place_type<TcpListener>, local, pass_foreign);
    opened.resize(shards_.size());
    return opened;
  }
  if (shards_.size() == 1) {
    opened.emplace_back(std::in_place_type<UdpSocket>, local, dscp);
    return opened;
  }
  opened.emplace_back(std::in_place_type<UdpSocket>, local, dscp, Sharing::founder);
  while (opened.size() < shards_.size()) {
    opened.emplace_back(std::in_place_type<UdpSocket>, local_of(opened.front()), dscp, Sharing::member);
  }
  // Where the kernel cannot, the shards hand packets over to each other.
  steer_by_peer_id(descriptor_of(opened.front()), opened.size());
  return opened;
}

Engine::Listening Engine::listen(Transport transport, const EndPoint& local, bool pass_foreign, const Dscp& dscp) {
  std::vector<Listener> opened = open_listener(transport, local, pass_foreign, dscp);
  return in_all_turns([&] {
    const Listening listening{static_cast<uint32_t>(first().listeners().size()), local_of(opened.front())};
    for (size_t i = 0; i < shards_.size(); ++i) {
      shards_[i]->start();
      if (std::holds_alternative<std::monostate>(opened[i])) continue;
      shards_[i]->epoll().watch(descriptor_of(opened[i]), Epoll::Source::listener, listening.listener);
    }
    for (size_t i = 0; i < shards_.size(); ++i) shards_[i]->listeners().push_back(std::move(opened[i]));
    return listening;
  });
}

Path Engine::reachable(const Path& path) const {
  const Listeners& listeners = shards_.front()->listeners();
  if (listeners.empty()) throw Failure("not-listening", "the packet engine does not listen yet");
  if (path.listener >= listeners.size() || transport_of(listeners[path.listener]) != path.transport) {
    throw Failure("unknown-listener", "there is no such listener of that transport: " + std::to_string(path.listener));
  }
  const int family = local_of(listeners[path.listener]).family();
  const auto remote = path.remote.for_family(family);
  const auto local = path.local.for_family(family);
  if (!remote || !local) throw Failure("bad-address", "an IPv4 socket cannot reach " + path.remote.address());
  return {path.listener, path.transport, *remote, *local, path.stream};
}

// A datagram needs nothing but its socket, and waits for nobody.
void Engine::send_control(const Path& path, std::span<const uint8_t> bytes) {
  const Path way = reachable(path);
  if (way.transport == Transport::udp) {
    const bool sent = std::get<UdpSocket>(first().listeners()[way.listener]).send(way, bytes);
    return counters_.add(sent ? Counter::udpPacketsSent : Counter::dropSendFailed);
  }
  if (bytes.empty() || bytes.size() > kMaxFramePacketBytes) {
    throw Failure("bad-argument", "a packet of " + std::to_string(bytes.size()) + " bytes has no place on a stream");
  }
  first().in_turn([&] {
    if (first().streams().send_control(way.stream, bytes)) counters_.add(Counter::tcpPacketsSent);
  });
}

void Engine::admit_stream(uint64_t stream) {
  first().in_turn([&] { first().streams().admit(stream); });
}

void Engine::close_stream(uint64_t stream) {
  first().in_turn([&] { first().streams().close_when_sent(stream); });
}

void Engine::acquaint(const Path& path) { upward_.acquaint(reachable(path)); }

void Engine::forget(const Path& path) { upward_.forget(reachable(path)); }

void Engine::add_network(uint32_t index, const TunOptions& options, RouteBy route_by) {
  in_all_turns([&] { networks_.require_free(index); });
  attach_network(index, open_tun(options, shards_.size()), route_by);
}

void Engine::attach_network(uint32_t index, std::vector<TunDevice> queues, RouteBy route_by) {
  in_all_turns([&] {
    networks_.require_free(index);
    for (size_t i = 0; i < shards_.size() && i < queues.size(); ++i) {
      shards_[i]->epoll().watch(queues[i].fd(), Epoll::Source::network, index);
    }
    networks_.add(index, std::move(queues), route_by);
  });
}

void Engine::remove_network(uint32_t index) {
  in_all_turns([&] {
    const Network& network = networks_.get(index);
    first().peers().for_each([&](const Peer& peer) {
      if (peer.network == &network) first().streams().detach(peer.path.stream, peer.id);
    });
    for (uint32_t i = 0; i < inboxes_.shards(); ++i) {
      shards_[i]->peers().remove_of(network);
      inboxes_.of(i).disown(index);
    }
    networks_.remove(index);
  });
  for (auto& [id, tap] : taps_) {
    if (tap.use_count() == 1) end_tap(std::move(tap));
  }
  std::erase_if(taps_, [](const auto& entry) { return !entry.second; });
}

void Engine::add_peer(const PeerDescription& description) {
  Peer peer;
  peer.id = description.id;
  peer.path = reachable(description.path);
  peer.ipv4 = description.ipv4;
  peer.ipv6 = description.ipv6;
  peer.routes = description.routes;
  peer.mtu = description.mtu;
  peer.segment_limit = description.segment_limit;
  in_all_turns([&] {
    if (home_of(peer.id).peers().find(peer.id)) {
      throw Failure("duplicate-peer", "peer " + std::to_string(peer.id) + " exists");
    }
    Shard& shard = peer.path.transport == Transport::tcp ? first() : *shards_[inboxes_.home_of(peer.id)];
    peer.network = &networks_.get(description.network);
    peer.last_sent_tick = peer.last_received_tick = shard.peers().now();
    shard.peers().add(std::move(peer));
    shard.streams().attach(description.path.stream, description.id);
  });
}

void Engine::set_key(uint32_t peer_id, Slot slot, const KeyMaterial& material) {
  auto key = std::make_unique<DataKey>(material);
  with_peer(peer_id, [&](Shard&, Peer& peer) {
    const auto& other = peer.slot(slot == Slot::primary ? Slot::secondary : Slot::primary);
    if (other && other->key_id() == key->key_id()) {
      throw Failure("duplicate-key-id", "the other slot of peer " + std::to_string(peer_id) + " has the same key id");
    }
    key->await_first_use(slot == Slot::secondary);
    peer.set_key(slot, key);
  });
}

void Engine::swap_keys(uint32_t peer_id) {
  with_peer(peer_id, [&](Shard&, Peer& peer) {
    if (!peer.secondary) {
      throw Failure("no-key", "peer " + std::to_string(peer_id) + " has no key in the secondary slot");
    }
    // The owner has decided; hearing of a key that it moved would only mislead.
    peer.secondary->await_first_use(false);
    peer.primary.swap(peer.secondary);
  });
}

void Engine::delete_key(uint32_t peer_id, Slot slot) {
  with_peer(peer_id, [&](Shard&, Peer& peer) { peer.slot(slot).reset(); });
}

void Engine::set_keepalive(uint32_t peer_id, const Keepalive& keepalive) {
  with_peer(peer_id, [&](Shard& shard, Peer& peer) { shard.keepalives().set(peer, keepalive); });
}

void Engine::delete_peer(uint32_t peer_id) {
  in_all_turns([&] {
    Shard& shard = home_of(peer_id);
    shard.streams().detach(shard.peers().get(peer_id).path.stream, peer_id);
    shard.peers().remove(peer_id);
  });
  if (auto entry = taps_.extract(peer_id)) end_tap(std::move(entry.mapped()));
}

Capabilities Engine::capabilities() {
  return in_all_turns([&] {
    bool listening = false;
    bool segmentation = true;
    bool receive_offload = true;
    for (const auto& shard : shards_) {
      for (const Listener& listener : shard->listeners()) {
        const auto* socket = std::get_if<UdpSocket>(&listener);
        if (!socket) continue;
        listening = true;
        segmentation = segmentation && socket->cuts();
        receive_offload = receive_offload && socket->receive_offload();
      }
    }
    Capabilities capabilities;
    capabilities.segmentation = listening && segmentation && !upward_.lost(Offload::segmentation);
    capabilities.receive_offload = listening && receive_offload && !upward_.lost(Offload::receive);
    if (!upward_.lost(Offload::tun)) capabilities.tun_offload = networks_.least_offload();
    return capabilities;
  });
}

const Peer& Engine::look_at(uint32_t peer_id) {
  first().require_open();
  return home_of(peer_id).peers().get(peer_id);
}

const Network& Engine::look_at_network(uint32_t index) {
  first().require_open();
  return networks_.get(index);
}

void Engine::set_limits(uint32_t peer_id, const TrafficRate& received, const TrafficRate& sent) {
  with_peer(peer_id, [&](Shard&, Peer& peer) {
    const uint64_t now = monotonic_ns();
    peer.limits.reset();
    if (!received.limits() && !sent.limits()) return;
    peer.limits = std::make_unique<PeerLimits>(TrafficLimiter(received, now), TrafficLimiter(sent, now));
  });
}

std::vector<uint64_t> Engine::peer_drops(uint32_t peer_id) {
  const Peer& peer = look_at(peer_id);
  std::vector<uint64_t> drops(kPeerDrops);
  for (size_t i = 0; i < drops.size(); ++i) drops[i] = peer.drops.read(i);
  return drops;
}

PeerStatistics Engine::network_statistics(uint32_t index) { return look_at_network(index).total(); }

std::vector<uint64_t> Engine::network_drops(uint32_t index) {
  const Network& network = look_at_network(index);
  std::vector<uint64_t> drops(kNetworkDrops.size());
  for (size_t i = 0; i < drops.size(); ++i) drops[i] = network.drops().read(i);
  return drops;
}

PeerStatistics Engine::statistics(uint32_t peer_id) { return look_at(peer_id).statistics; }

void Engine::start_tap(uint32_t peer_id, FileDescriptor file, TapSide side, uint64_t max_bytes) {
  if (taps_.contains(peer_id)) {
    throw Failure("duplicate-tap", "peer " + std::to_string(peer_id) + " has a tap: stop that one first");
  }
  const auto tap = std::make_shared<Tap>(std::move(file), side, max_bytes);
  with_peer(peer_id, [&](Shard&, Peer& peer) { peer.tap = tap; });
  taps_.emplace(peer_id, tap);
}

TapReport Engine::stop_tap(uint32_t peer_id) {
  const auto found = taps_.find(peer_id);
  if (found == taps_.end()) throw Failure("no-tap", "peer " + std::to_string(peer_id) + " has no tap");
  with_peer(peer_id, [](Shard&, Peer& peer) { peer.tap.reset(); });
  const TapReport report = found->second->report();
  end_tap(std::move(taps_.extract(found).mapped()));
  return report;
}

// The verb's caller does not wait for the disk, unless many files wait for it already.
void Engine::end_tap(std::shared_ptr<Tap> tap) {
  tap->end();
  std::erase_if(ended_taps_, [](const auto& ended) { return ended->complete(); });
  if (ended_taps_.size() == kMaxEndedTaps) ended_taps_.erase(ended_taps_.begin());
  ended_taps_.push_back(std::move(tap));
}

double Engine::cpu_seconds() {
  double seconds = 0;
  for (const auto& shard : shards_) seconds += shard->cpu_seconds();
  return seconds;
}

CounterTotals Engine::counters() const {
  CounterTotals totals;
  totals.add(counters_);
  for (const auto& shard : shards_) totals.add(shard->counters());
  return totals;
}

UpwardQueue::Batch Engine::take(size_t max_control) {
  UpwardQueue::Batch batch = upward_.take(max_control);
  if (batch.room_awaited) first().wake();
  return batch;
}

}  // namespace sallyport
