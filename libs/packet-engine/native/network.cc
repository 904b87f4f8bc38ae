#include "network.h"

#include <string>

#include "failure.h"

namespace sallyport {

namespace {

// The peer's own addresses first.
std::vector<InnerPrefix> prefixes_of(const Peer& peer) {
  std::vector<InnerPrefix> prefixes;
  if (peer.ipv4) prefixes.push_back(Ipv4Prefix{*peer.ipv4});
  if (peer.ipv6) prefixes.push_back(Ipv6Prefix{*peer.ipv6});
  prefixes.insert(prefixes.end(), peer.routes.begin(), peer.routes.end());
  return prefixes;
}

}  // namespace

const Route* Network::route(const IpHeader& header) const {
  if (const auto* ipv4 = std::get_if<Ipv4Header>(&header)) {
    return ipv4_routes_.find(route_by_ == RouteBy::destination ? ipv4->destination : ipv4->source);
  }
  const auto& ipv6 = std::get<Ipv6Header>(header);
  return ipv6_routes_.find(route_by_ == RouteBy::destination ? ipv6.destination : ipv6.source);
}

bool Network::may_send(const Peer& peer, const IpHeader& header) const {
  // Nothing is longer than the whole of an address, so that a peer's own needs no look at the routes.
  if (const auto* ipv4 = std::get_if<Ipv4Header>(&header)) {
    const Ipv4Address& near = route_by_ == RouteBy::destination ? ipv4->source : ipv4->destination;
    if (peer.ipv4 == near || peer.routes.empty()) return peer.ipv4 == near;
    const Route* route = ipv4_routes_.find(near);
    return route != nullptr && route->peer == &peer;
  }
  const auto& ipv6 = std::get<Ipv6Header>(header);
  const Ipv6Address& near = route_by_ == RouteBy::destination ? ipv6.source : ipv6.destination;
  if (is_link_local(near)) return false;
  if (peer.ipv6 == near || peer.routes.empty()) return peer.ipv6 == near;
  const Route* route = ipv6_routes_.find(near);
  return route != nullptr && route->peer == &peer;
}

void Network::add_routes(Peer& peer, uint32_t shard) {
  const Route route{&peer, peer.id, shard};
  const std::vector<InnerPrefix> prefixes = prefixes_of(peer);
  for (size_t i = 0; i < prefixes.size(); ++i) {
    if (insert(prefixes[i], route)) continue;
    const bool own = i + peer.routes.size() < prefixes.size();
    while (i-- > 0) erase(prefixes[i]);
    throw Failure(own ? "duplicate-address" : "duplicate-route",
                  "network " + std::to_string(index_) + " has " + (own ? "an inner address" : "a route") + " of peer " +
                      std::to_string(peer.id) + " already");
  }
}

void Network::remove_routes(const Peer& peer) {
  for (const InnerPrefix& prefix : prefixes_of(peer)) erase(prefix);
}

PeerStatistics Network::total() const {
  PeerStatistics total;
  for (const auto& [statistics] : traffic_) {
    total.received_bytes += statistics.received_bytes;
    total.received_packets += statistics.received_packets;
    total.sent_bytes += statistics.sent_bytes;
    total.sent_packets += statistics.sent_packets;
    total.transport_received_bytes += statistics.transport_received_bytes;
    total.transport_sent_bytes += statistics.transport_sent_bytes;
  }
  return total;
}

bool Network::insert(const InnerPrefix& prefix, const Route& route) {
  if (const auto* ipv4 = std::get_if<Ipv4Prefix>(&prefix)) return ipv4_routes_.add(*ipv4, route);
  return ipv6_routes_.add(std::get<Ipv6Prefix>(prefix), route);
}

void Network::erase(const InnerPrefix& prefix) {
  if (const auto* ipv4 = std::get_if<Ipv4Prefix>(&prefix)) {
    ipv4_routes_.remove(*ipv4);
  } else {
    ipv6_routes_.remove(std::get<Ipv6Prefix>(prefix));
  }
}

}  // namespace sallyport
