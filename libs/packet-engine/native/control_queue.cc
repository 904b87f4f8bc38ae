#include "control_queue.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace sallyport {

namespace {

template <class Address>
size_t hash_of(const Address& address) {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&address), sizeof address});
}

}  // namespace

size_t ControlQueue::SenderHash::operator()(const Sender& sender) const {
  const EndPoint& remote = sender.remote;
  const size_t address =
      remote.family() == AF_INET ? hash_of(remote.as_ipv4().sin_addr) : hash_of(remote.as_ipv6().sin6_addr);
  return address ^ (size_t{remote.port()} << 16 | sender.listener) * size_t{0x9e3779b97f4a7c15};
}

void ControlQueue::acquaint(const Path& path) {
  if (path.transport == Transport::udp) known_.try_emplace({path.listener, path.remote}, 0);
}

void ControlQueue::forget(const Path& path) {
  if (path.transport == Transport::udp) known_.erase({path.listener, path.remote});
}

// A stream stays in the lane where packets of it wait, or later ones would overtake them.
ControlQueue::Lane ControlQueue::lane_of(const Path& path, bool admitted) const {
  if (path.transport == Transport::tcp) {
    const auto found = streams_.find(path.stream);
    if (found != streams_.end()) return found->second.lane;
    return admitted ? kStreams : kNewcomers;
  }
  return known_.contains({path.listener, path.remote}) ? kKnown : kStrangers;
}

size_t* ControlQueue::waiting(const Path& path, Lane lane) {
  if (lane == kStrangers) return nullptr;
  if (lane != kKnown) return &streams_.try_emplace(path.stream, StreamPackets{lane, 0}).first->second.count;
  const auto found = known_.find({path.listener, path.remote});
  // Forgotten, with packets that still waited.
  return found == known_.end() ? nullptr : &found->second;
}

bool ControlQueue::push(const Path& path, std::span<const uint8_t> bytes, bool admitted) {
  const Lane lane = lane_of(path, admitted);
  if (lanes_[lane].size() >= kPacketsPerLane) return false;
  if (size_t* of_sender = waiting(path, lane)) {
    if (*of_sender >= most_of_sender(lane)) return false;
    ++*of_sender;
  }
  lanes_[lane].push_back({path, {bytes.begin(), bytes.end()}});
  return true;
}

std::vector<ControlPacket> ControlQueue::take(size_t max) {
  std::vector<ControlPacket> taken;
  const size_t share = std::max<size_t>(1, max / kLanes);
  for (const Lane lane : kAllLanes) take_from(lane, std::min(share, max - taken.size()), taken);
  for (const Lane lane : kAllLanes) take_from(lane, max - taken.size(), taken);
  return taken;
}

void ControlQueue::take_from(Lane lane, size_t max, std::vector<ControlPacket>& taken) {
  std::deque<ControlPacket>& packets = lanes_[lane];
  for (size_t left = std::min(max, packets.size()); left > 0; --left) {
    ControlPacket& packet = packets.front();
    size_t* of_sender = waiting(packet.path, lane);
    if (of_sender && *of_sender > 0) --*of_sender;
    if (of_sender && *of_sender == 0 && lane != kKnown) streams_.erase(packet.path.stream);
    taken.push_back(std::move(packet));
    packets.pop_front();
  }
}

bool ControlQueue::empty() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane.empty(); });
}

}  // namespace sallyport
