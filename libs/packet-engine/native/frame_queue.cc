#include "frame_queue.h"

#include <algorithm>

namespace sallyport {

size_t FrameQueue::room(Kind kind) const {
  return kind == Kind::data ? kDataFrames - std::min(data_frames_, kDataFrames)
                            : kControlFrames - std::min(control_frames_, kControlFrames);
}

void FrameQueue::push(Kind kind, std::span<const uint8_t> bytes) {
  if (sent_ > bytes_.size() / 2) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  frames_.push_back({kind, bytes.size()});
  ++(kind == Kind::data ? data_frames_ : control_frames_);
}

void FrameQueue::pop(size_t count) {
  sent_ += count;
  while (!frames_.empty() && count >= frames_.front().bytes) {
    count -= frames_.front().bytes;
    --(frames_.front().kind == Kind::data ? data_frames_ : control_frames_);
    frames_.pop_front();
  }
  if (!frames_.empty()) {
    frames_.front().bytes -= count;
    return;
  }
  // A stream that once was slow must not keep the memory.
  bytes_ = {};
  sent_ = 0;
}

}  // namespace sallyport
