#include "upward_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sallyport {

template <class Push>
void UpwardQueue::push(Push push) {
  bool must_wake = false;
  {
    const std::lock_guard lock(mutex_);
    push();
    must_wake = !std::exchange(woken_, true);
  }
  if (must_wake) wake_();
}

bool UpwardQueue::push_control(const Path& path, std::span<const uint8_t> bytes) {
  bool accepted = true;
  push([&] {
    accepted = control_.size() < kControlPackets;
    if (!accepted) return;
    control_.push_back({path, {bytes.begin(), bytes.end()}});
    ++control_pushed_;
  });
  return accepted;
}

bool UpwardQueue::push_foreign(ForeignStream stream) {
  bool accepted = true;
  push([&] {
    accepted = foreign_.size() < kForeignStreams;
    if (accepted) foreign_.push_back(std::move(stream));
  });
  return accepted;
}

void UpwardQueue::push_event(const Event& event) {
  push([&] { events_.push_back(event); });
}

void UpwardQueue::push_float(uint32_t peer_id, const Path& path) {
  push([&] { floats_[peer_id] = path; });
}

void UpwardQueue::push_closed(const StreamClosed& closed) {
  push([&] { endings_.push_back({control_pushed_, closed}); });
}

void UpwardQueue::push_fatal(const std::string& message) {
  push([&] { fatal_ = message; });
}

UpwardQueue::Batch UpwardQueue::take(size_t max_control) {
  Batch batch;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    const auto end = control_.begin() + static_cast<std::ptrdiff_t>(std::min(max_control, control_.size()));
    batch.control.assign(std::move_iterator(control_.begin()), std::move_iterator(end));
    control_.erase(control_.begin(), end);
    control_taken_ += batch.control.size();
    for (; !endings_.empty() && endings_.front().after <= control_taken_; endings_.pop_front()) {
      batch.closed.push_back(endings_.front().closed);
    }
    batch.events = std::exchange(events_, {});
    batch.floats = std::exchange(floats_, {});
    batch.foreign = std::exchange(foreign_, {});
    batch.fatal = std::exchange(fatal_, std::nullopt);
    more = !control_.empty();
    woken_ = more;
  }
  if (more) wake_();
  return batch;
}

}  // namespace sallyport
