#include "upward_queue.h"

#include <utility>

namespace sallyport {

void UpwardQueue::wake() {
  if (!std::exchange(woken_, true)) wake_();
}

bool UpwardQueue::push_control(const Path& path, std::span<const uint8_t> bytes, bool admitted) {
  if (!control_.push(path, bytes, admitted)) return false;
  wake();
  return true;
}

bool UpwardQueue::push_foreign(ForeignStream stream) {
  if (foreign_.size() >= kForeignStreams) return false;
  foreign_.push_back(std::move(stream));
  wake();
  return true;
}

void UpwardQueue::push_event(const Event& event) {
  events_.push_back(event);
  wake();
}

void UpwardQueue::push_float(uint32_t peer_id, const Path& path) {
  floats_[peer_id] = path;
  wake();
}

void UpwardQueue::push_closed(const StreamClosed& closed) {
  const uint64_t stream = closed.path.stream;
  if (control_.has_packets_of(stream)) {
    closing_.emplace(stream, closed);
  } else {
    closed_.push_back(closed);
  }
  wake();
}

void UpwardQueue::push_fatal(const std::string& message) {
  fatal_ = message;
  wake();
}

UpwardQueue::Batch UpwardQueue::take(size_t max_control) {
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
  woken_ = batch.more = !control_.empty();
  return batch;
}

}  // namespace sallyport
