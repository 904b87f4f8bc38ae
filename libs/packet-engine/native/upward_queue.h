#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "control_queue.h"
#include "file_descriptor.h"
#include "key_limits.h"
#include "path.h"

namespace sallyport {

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
// itself: an event is reported once per key or peer, a peer has one newest path, a stream ends once. Used under the
// engine's lock.
class UpwardQueue {
 public:
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
    // Control packets remain. No wake comes before the next call of `take`, which is the taker's to arrange.
    bool more = false;
  };

  // `wake` is called from within a push or a take when something waits and no earlier wake is unanswered.
  explicit UpwardQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Whose control packets do not wait behind those of strangers.
  void acquaint(const Path& path) { control_.acquaint(path); }
  void forget(const Path& path) { control_.forget(path); }

  // False when there is no room for it. `admitted` is about streams.
  bool push_control(const Path& path, std::span<const uint8_t> bytes, bool admitted = false);
  bool push_foreign(ForeignStream stream);
  void push_event(const Event& event);
  void push_float(uint32_t peer_id, const Path& path);
  void push_closed(const StreamClosed& closed);
  void push_fatal(const std::string& message);

  // Answers a wake, unless more than `max_control` control packets wait.
  Batch take(size_t max_control);

 private:
  void wake();

  std::function<void()> wake_;
  bool woken_ = false;
  ControlQueue control_;
  std::vector<Event> events_;
  std::unordered_map<uint32_t, Path> floats_;
  std::vector<StreamClosed> closed_;
  // By number, the ends of streams of which control packets still wait.
  std::unordered_map<uint64_t, StreamClosed> closing_;
  std::vector<ForeignStream> foreign_;
  std::optional<std::string> fatal_;
};

}  // namespace sallyport
