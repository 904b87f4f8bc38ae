#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>

#include "end_point.h"

namespace sallyport {

// The streams of strangers by where they come from, so that one host does not take the place of others.
class OriginTable {
 public:
  using Order = std::list<uint64_t>;

  // More than a company behind one address opens before the first of them is admitted.
  static constexpr size_t kStreams = 64;

  // The oldest stream of the origin of `remote`, when there are as many as there may be.
  std::optional<uint64_t> surplus(const EndPoint& remote) const {
    const auto found = origins_.find(remote.origin());
    if (found == origins_.end() || found->second.size() < kStreams) return std::nullopt;
    return found->second.front();
  }
  Order::iterator add(const EndPoint& remote, uint64_t stream) {
    Order& streams = origins_[remote.origin()];
    return streams.insert(streams.end(), stream);
  }
  void remove(const EndPoint& remote, Order::iterator place) {
    const auto found = origins_.find(remote.origin());
    found->second.erase(place);
    if (found->second.empty()) origins_.erase(found);
  }
  void clear() { origins_.clear(); }

 private:
  // Strangers choose their addresses, so that a hash of them would not spread.
  std::map<uint64_t, Order> origins_;
};

}  // namespace sallyport
