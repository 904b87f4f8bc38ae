#include "networks.h"

#include <algorithm>
#include <string>
#include <utility>

#include "failure.h"

namespace sallyport {

Network* Networks::find(uint32_t index) {
  const auto found = networks_.find(index);
  return found == networks_.end() ? nullptr : &found->second;
}

Network& Networks::get(uint32_t index) {
  if (Network* network = find(index)) return *network;
  throw Failure("unknown-network", "there is no network " + std::to_string(index));
}

void Networks::require_free(uint32_t index) const {
  if (networks_.contains(index)) throw Failure("duplicate-network", "network " + std::to_string(index) + " exists");
}

Network& Networks::add(uint32_t index, std::vector<TunDevice> queues, RouteBy route_by) {
  require_free(index);
  return networks_.try_emplace(index, index, std::move(queues), route_by).first->second;
}

void Networks::remove(uint32_t index) {
  get(index);
  networks_.erase(index);
}

TunOffload Networks::least_offload() const {
  if (networks_.empty()) return TunOffload::none;
  TunOffload least = TunOffload::tcp_udp;
  for (const auto& entry : networks_) least = std::min(least, entry.second.queue().offload());
  return least;
}

}  // namespace sallyport
