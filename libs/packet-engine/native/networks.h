#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "network.h"

namespace sallyport {

// Every network of an engine, shared by its shards: read in the turn of any, changed in the turn of all. Pointers to
// them stay valid until they are removed.
class Networks {
 public:
  Network* find(uint32_t index);
  // Throws Failure `unknown-network`.
  Network& get(uint32_t index);

  // Throws Failure `duplicate-network`.
  void require_free(uint32_t index) const;
  Network& add(uint32_t index, std::vector<TunDevice> queues, RouteBy route_by = RouteBy::destination);
  // The network must not have peers any more. Throws Failure `unknown-network`.
  void remove(uint32_t index);
  void clear() { networks_.clear(); }
  // What every network's device offers; none without any.
  TunOffload least_offload() const;

 private:
  std::unordered_map<uint32_t, Network> networks_;
};

}  // namespace sallyport
