#include "upward_queue.h"

#include <utility>

namespace sallyport {

void UpwardQueue::wake(std::unique_lock<std::mutex>& held) {
  const bool asleep = !std::exchange(woken_, true);
  held.unlock();
  if (asleep) wake_();
}

void UpwardQueue::acquaint(const Path& path) {
  const std::lock_guard held(mutex_);
  control_.acquaint(path);
}

void UpwardQueue::forget(const Path& path) {
  const std::lock_guard held(mutex_);
  control_.forget(path);
}

bool UpwardQueue::push_control(const Path& path, std::span<const uint8_t> bytes, bool admitted) {
  std::unique_lock held(mutex_);
  if (!control_.push(path, bytes, admitted)) {
    room_awaited_ = room_awaited_ || path.transport == Transport::tcp;
    return false;
  }
  wake(held);
  return true;
}

bool UpwardQueue::push_foreign(ForeignStream stream) {
  std::unique_lock held(mutex_);
  if (foreign_.size() >= kForeignStreams) return false;
  foreign_.push_back(std::move(stream));
  wake(held);
  return true;
}

void UpwardQueue::push_event(const Event& event) {
  std::unique_lock held(mutex_);
  events_.push_back(event);
  wake(held);
}

void UpwardQueue::push_offload_lost(Offload offload) {
  std::unique_lock held(mutex_);
  if (std::exchange(lost_[static_cast<size_t>(offload)], true)) return;
  Event event{Event::Type::offload_lost, 0};
  event.offload = offload;
  events_.push_back(event);
  wake(held);
}

bool UpwardQueue::lost(Offload offload) {
  const std::lock_guard held(mutex_);
  return lost_[static_cast<size_t>(offload)];
}

void UpwardQueue::push_float(uint32_t peer_id, const Path& path) {
  std::unique_lock held(mutex_);
  floats_[peer_id] = path;
  wake(held);
}

void UpwardQueue::push_closed(const StreamClosed& closed) {
  std::unique_lock held(mutex_);
  const uint64_t stream = closed.path.stream;
  if (control_.has_packets_of(stream)) {
    closing_.emplace(stream, closed);
  } else {
    closed_.push_back(closed);
  }
  wake(held);
}

void UpwardQueue::push_fatal(const std::string& message) {
  std::unique_lock held(mutex_);
  fatal_ = message;
  wake(held);
}

UpwardQueue::Batch UpwardQueue::take(size_t max_control) {
  const std::lock_guard held(mutex_);
  Batch batch;
  batch.control = control_.take(max_control);
  batch.closed = std::exchange(closed_, {});
  for (const ControlPacket& packet : batch.control) {
    if (control_.has_packets_of(packet.path.stream)) continue;
    if (const auto ending = closing_.extract(packet.path.stream)) batch.closed.push_back(ending.mapped());
  }
  batch.events = std::exchange(events_, {});
  batch.floats = std::exchange(floats_, {});
  batch.foreign = std::exchange(foreign_, {});
  batch.fatal = std::exchange(fatal_, std::nullopt);
  batch.room_awaited = std::exchange(room_awaited_, false);
  woken_ = batch.more = !control_.empty();
  return batch;
}

}  // namespace sallyport
