#include "peer_table.h"

#include <functional>
#include <string>
#include <string_view>

#include "failure.h"

namespace sallyport {

DataKey* Peer::key(uint8_t key_id) const {
  if (primary && primary->key_id() == key_id) return primary.get();
  if (secondary && secondary->key_id() == key_id) return secondary.get();
  return nullptr;
}

void Peer::set_key(Slot at, std::unique_ptr<DataKey>& key) {
  key->set_generation(++generations);
  slot(at).swap(key);
}

template <class Address>
size_t Network::AddressHash<Address>::operator()(const Address& address) const {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(address.data()), address.size()});
}

Peer* Network::route(const IpHeader& header) const {
  if (const auto* ipv4 = std::get_if<Ipv4Header>(&header)) {
    const auto found = ipv4_routes_.find(ipv4->destination);
    return found == ipv4_routes_.end() ? nullptr : found->second;
  }
  const auto found = ipv6_routes_.find(std::get<Ipv6Header>(header).destination);
  return found == ipv6_routes_.end() ? nullptr : found->second;
}

bool Network::has_route(const Peer& peer) const {
  return (peer.ipv4 && ipv4_routes_.contains(*peer.ipv4)) || (peer.ipv6 && ipv6_routes_.contains(*peer.ipv6));
}

void Network::add_routes(Peer& peer) {
  if (peer.ipv4) ipv4_routes_[*peer.ipv4] = &peer;
  if (peer.ipv6) ipv6_routes_[*peer.ipv6] = &peer;
}

void Network::remove_routes(const Peer& peer) {
  if (peer.ipv4) ipv4_routes_.erase(*peer.ipv4);
  if (peer.ipv6) ipv6_routes_.erase(*peer.ipv6);
}

Peer* PeerTable::find(uint32_t peer_id) {
  const auto found = peers_.find(peer_id);
  return found == peers_.end() ? nullptr : &found->second;
}

Network* PeerTable::find_network(uint32_t index) {
  const auto found = networks_.find(index);
  return found == networks_.end() ? nullptr : &found->second;
}

Peer& PeerTable::get(uint32_t peer_id) {
  if (Peer* peer = find(peer_id)) return *peer;
  throw Failure("unknown-peer", "there is no peer " + std::to_string(peer_id));
}

Network& PeerTable::get_network(uint32_t index) {
  if (Network* network = find_network(index)) return *network;
  throw Failure("unknown-network", "there is no network " + std::to_string(index));
}

void PeerTable::require_free_network(uint32_t index) {
  if (find_network(index)) throw Failure("duplicate-network", "network " + std::to_string(index) + " exists");
}

void PeerTable::add_network(uint32_t index, TunDevice device) {
  require_free_network(index);
  networks_.try_emplace(index, index, std::move(device));
}

void PeerTable::remove_network(uint32_t index) {
  const Network& network = get_network(index);
  std::erase_if(peers_, [&network](const auto& entry) { return entry.second.network == &network; });
  networks_.erase(index);
}

void PeerTable::add(Peer peer) {
  if (find(peer.id)) throw Failure("duplicate-peer", "peer " + std::to_string(peer.id) + " exists");
  Network& network = *peer.network;
  if (network.has_route(peer)) {
    throw Failure("duplicate-address", "another peer of network " + std::to_string(network.index()) +
                                           " has an inner address of peer " + std::to_string(peer.id));
  }
  const uint32_t id = peer.id;
  network.add_routes(peers_.try_emplace(id, std::move(peer)).first->second);
}

void PeerTable::remove(uint32_t peer_id) {
  const Peer& peer = get(peer_id);
  peer.network->remove_routes(peer);
  peers_.erase(peer_id);
}

void PeerTable::clear() {
  peers_.clear();
  networks_.clear();
}

}  // namespace sallyport
