#include "engine.h"

#include <utility>

#include "failure.h"

namespace sallyport {

Engine::Engine(std::function<void()> wake) : upward_(std::move(wake)), shard_(listeners_, counters_, upward_) {}

Engine::~Engine() { stop(); }

void Engine::stop() {
  shard_.stop();
  shard_.in_last_turn([&] { listeners_.clear(); });
}

Engine::Listening Engine::listen(Transport transport, const EndPoint& local, bool pass_foreign) {
  Listener opened = transport == Transport::udp ? Listener(std::in_place_type<UdpSocket>, local)
                                                : Listener(std::in_place_type<TcpListener>, local, pass_foreign);
  return shard_.in_turn([&] {
    shard_.start();
    const Listening listening{static_cast<uint32_t>(listeners_.size()), local_of(opened)};
    shard_.epoll().watch(descriptor_of(opened), Epoll::Source::listener, listening.listener);
    listeners_.push_back(std::move(opened));
    return listening;
  });
}

Path Engine::reachable(const Path& path) const {
  if (listeners_.empty()) throw Failure("not-listening", "the packet engine does not listen yet");
  if (path.listener >= listeners_.size() || transport_of(listeners_[path.listener]) != path.transport) {
    throw Failure("unknown-listener", "there is no such listener of that transport: " + std::to_string(path.listener));
  }
  const int family = local_of(listeners_[path.listener]).family();
  const auto remote = path.remote.for_family(family);
  const auto local = path.local.for_family(family);
  if (!remote || !local) throw Failure("bad-address", "an IPv4 socket cannot reach " + path.remote.address());
  return {path.listener, path.transport, *remote, *local, path.stream};
}

// A datagram needs nothing but its socket, and waits for nobody.
void Engine::send_control(const Path& path, std::span<const uint8_t> bytes) {
  const Path way = reachable(path);
  if (way.transport == Transport::udp) {
    const bool sent = std::get<UdpSocket>(listeners_[way.listener]).send(way, bytes);
    return counters_.add(sent ? Counter::udpPacketsSent : Counter::dropSendFailed);
  }
  if (bytes.empty() || bytes.size() > kMaxFramePacketBytes) {
    throw Failure("bad-argument", "a packet of " + std::to_string(bytes.size()) + " bytes has no place on a stream");
  }
  shard_.in_turn([&] {
    if (shard_.streams().send_control(way.stream, bytes)) counters_.add(Counter::tcpPacketsSent);
  });
}

void Engine::admit_stream(uint64_t stream) {
  shard_.in_turn([&] { shard_.streams().admit(stream); });
}

void Engine::close_stream(uint64_t stream) {
  shard_.in_turn([&] { shard_.streams().close_when_sent(stream); });
}

void Engine::acquaint(const Path& path) {
  shard_.in_turn([&] { upward_.acquaint(reachable(path)); });
}

void Engine::forget(const Path& path) {
  shard_.in_turn([&] { upward_.forget(reachable(path)); });
}

void Engine::add_network(uint32_t index, const TunOptions& options) {
  shard_.in_turn([&] { shard_.peers().require_free_network(index); });
  attach_network(index, TunDevice(open_tun(options)));
}

void Engine::attach_network(uint32_t index, TunDevice device) {
  shard_.in_turn([&] {
    shard_.peers().require_free_network(index);
    shard_.epoll().watch(device.fd(), Epoll::Source::network, index);
    shard_.peers().add_network(index, std::move(device));
  });
}

void Engine::remove_network(uint32_t index) {
  shard_.in_turn([&] {
    const Network& network = shard_.peers().get_network(index);
    shard_.peers().for_each([&](const Peer& peer) {
      if (peer.network == &network) shard_.streams().detach(peer.path.stream, peer.id);
    });
    shard_.peers().remove_network(index);
  });
}

void Engine::add_peer(const PeerDescription& description) {
  Peer peer;
  peer.id = description.id;
  peer.path = reachable(description.path);
  peer.ipv4 = description.ipv4;
  peer.ipv6 = description.ipv6;
  shard_.in_turn([&] {
    peer.network = &shard_.peers().get_network(description.network);
    peer.last_sent_tick = peer.last_received_tick = shard_.peers().now();
    shard_.peers().add(std::move(peer));
    shard_.streams().attach(description.path.stream, description.id);
  });
}

void Engine::set_key(uint32_t peer_id, Slot slot, const KeyMaterial& material) {
  auto key = std::make_unique<DataKey>(material);
  shard_.in_turn([&] {
    Peer& peer = shard_.peers().get(peer_id);
    const auto& other = peer.slot(slot == Slot::primary ? Slot::secondary : Slot::primary);
    if (other && other->key_id() == key->key_id()) {
      throw Failure("duplicate-key-id", "the other slot of peer " + std::to_string(peer_id) + " has the same key id");
    }
    key->await_first_use(slot == Slot::secondary);
    peer.set_key(slot, key);
  });
}

void Engine::swap_keys(uint32_t peer_id) {
  shard_.in_turn([&] {
    Peer& peer = shard_.peers().get(peer_id);
    if (!peer.secondary) {
      throw Failure("no-key", "peer " + std::to_string(peer_id) + " has no key in the secondary slot");
    }
    // The owner has decided; hearing of a key that it moved would only mislead.
    peer.secondary->await_first_use(false);
    peer.primary.swap(peer.secondary);
  });
}

void Engine::delete_key(uint32_t peer_id, Slot slot) {
  shard_.in_turn([&] { shard_.peers().get(peer_id).slot(slot).reset(); });
}

void Engine::set_keepalive(uint32_t peer_id, const Keepalive& keepalive) {
  shard_.in_turn([&] {
    Peer& peer = shard_.peers().get(peer_id);
    peer.keepalive = keepalive;
    peer.last_sent_tick = peer.last_received_tick = shard_.peers().now();
    peer.timeout_reported = false;
  });
}

void Engine::delete_peer(uint32_t peer_id) {
  shard_.in_turn([&] {
    shard_.streams().detach(shard_.peers().get(peer_id).path.stream, peer_id);
    shard_.peers().remove(peer_id);
  });
}

PeerStatistics Engine::statistics(uint32_t peer_id) {
  return shard_.in_turn([&] { return shard_.peers().get(peer_id).statistics; });
}

double Engine::cpu_seconds() {
  return shard_.in_turn([&] { return shard_.cpu_seconds(); });
}

UpwardQueue::Batch Engine::take(size_t max_control) {
  return shard_.in_last_turn([&] {
    UpwardQueue::Batch batch = upward_.take(max_control);
    if (shard_.streams().any_held_back()) shard_.wake();
    return batch;
  });
}

}  // namespace sallyport
