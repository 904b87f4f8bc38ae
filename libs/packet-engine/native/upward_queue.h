#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "file_descriptor.h"
#include "key_limits.h"
#include "path.h"

namespace sallyport {

struct ControlPacket {
  Path path;
  std::vector<uint8_t> bytes;
};

struct Event {
  enum class Type { key_used, key_limit, peer_timeout, occ_exit };

  Type type;
  uint32_t peer_id;
  uint8_t key_id = 0;
  LimitReason reason = LimitReason::packet_id;
};

// Why a TCP stream ended. Names and order are those of kCloseReasonNames.
enum class CloseReason : uint8_t { peer_closed, desynchronised, bad_packet, queue_full, idle, error };

inline constexpr std::array kCloseReasonNames = {"peer-closed", "desynchronised", "bad-packet",
                                                 "queue-full",  "idle",           "error"};

struct StreamClosed {
  Path path;
  std::optional<uint32_t> peer_id;
  CloseReason reason;
};

// A TCP stream that is not OpenVPN's, with what was read of it.
struct ForeignStream {
  FileDescriptor socket;
  Path path;
  std::vector<uint8_t> bytes;
};

// What goes from the engine's thread up to JavaScript. Control packets and foreign streams are bounded; the rest bounds
// itself: an event is reported once per key or peer, a peer has one newest path, a stream ends once.
class UpwardQueue {
 public:
  static constexpr size_t kControlPackets = 4096;
  static constexpr size_t kForeignStreams = 256;

  struct Batch {
    std::vector<Event> events;
    // By peer-id, where the peer is.
    std::unordered_map<uint32_t, Path> floats;
    std::vector<ControlPacket> control;
    // None of them before the last control packet of its stream.
    std::vector<StreamClosed> closed;
    std::vector<ForeignStream> foreign;
    std::optional<std::string> fatal;
  };

  // `wake` is called from the pushing thread when something waits and no earlier wake is unanswered.
  explicit UpwardQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // False when the queue is full.
  bool push_control(const Path& path, std::span<const uint8_t> bytes);
  bool push_foreign(ForeignStream stream);
  void push_event(const Event& event);
  void push_float(uint32_t peer_id, const Path& path);
  void push_closed(const StreamClosed& closed);
  void push_fatal(const std::string& message);

  // Answers a wake; wakes again when control packets beyond `max_control` remain.
  Batch take(size_t max_control);

 private:
  struct Ending {
    // Control packets that were pushed before it.
    uint64_t after;
    StreamClosed closed;
  };

  template <class Push>
  void push(Push push);

  std::function<void()> wake_;
  std::mutex mutex_;
  bool woken_ = false;
  uint64_t control_pushed_ = 0;
  uint64_t control_taken_ = 0;
  std::deque<ControlPacket> control_;
  std::vector<Event> events_;
  std::unordered_map<uint32_t, Path> floats_;
  std::deque<Ending> endings_;
  std::vector<ForeignStream> foreign_;
  std::optional<std::string> fatal_;
};

}  // namespace sallyport
