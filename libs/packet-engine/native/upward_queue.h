#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "end_point.h"

namespace sallyport {

struct ControlPacket {
  EndPoint from;
  std::vector<uint8_t> bytes;
};

struct Event {
  enum class Type { key_used, key_limit, peer_timeout, occ_exit };

  Type type;
  uint32_t peer_id;
  uint8_t key_id = 0;
};

// What goes from the engine's thread up to JavaScript. Control packets are bounded; events bound themselves, each is
// reported once per key or peer.
class UpwardQueue {
 public:
  static constexpr size_t kControlPackets = 4096;

  struct Batch {
    std::vector<ControlPacket> control;
    std::vector<Event> events;
    std::optional<std::string> fatal;
  };

  // `wake` is called from the pushing thread when something waits and no earlier wake is unanswered.
  explicit UpwardQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // False when the queue is full.
  bool push_control(const EndPoint& from, std::span<const uint8_t> bytes);
  void push_event(const Event& event);
  void push_fatal(const std::string& message);

  // Answers a wake; wakes again when control packets beyond `max_control` remain.
  Batch take(size_t max_control);

 private:
  template <class Push>
  void push(Push push);

  std::function<void()> wake_;
  std::mutex mutex_;
  bool woken_ = false;
  std::deque<ControlPacket> control_;
  std::vector<Event> events_;
  std::optional<std::string> fatal_;
};

}  // namespace sallyport
