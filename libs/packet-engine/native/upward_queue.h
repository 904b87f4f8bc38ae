#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "control_queue.h"
#include "file_descriptor.h"
#include "key_limits.h"
#include "offload.h"
#include "path.h"

namespace sallyport {

struct Event {
  enum class Type { key_used, key_limit, peer_timeout, occ_exit, offload_lost, network_lost };

  Type type;
  // Of `network_lost` the index of the network.
  uint32_t peer_id;
  uint8_t key_id = 0;
  LimitReason reason = LimitReason::packet_id;
  // Of `offload_lost`, which is about no peer.
  Offload offload = Offload::segmentation;
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

// What goes from the data threads up to JavaScript. Control packets and foreign streams are bounded; the rest bounds
// itself: an event is reported once per key or peer, a peer has one newest path, a stream ends once. Used by every
// thread at once, so that JavaScript, which takes, waits for no packet's work.
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
    // A stream found no room for a control packet since the last call; now there is some.
    bool room_awaited = false;
  };

  // `wake` is called from within a push when something waits and no earlier wake is unanswered, and not under a lock
  // of this class: it may come when the taker already has what it is about.
  explicit UpwardQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Whose control packets do not wait behind those of strangers.
  void acquaint(const Path& path);
  void forget(const Path& path);

  // False when there is no room for it. `admitted` is about streams.
  bool push_control(const Path& path, std::span<const uint8_t> bytes, bool admitted = false);
  bool push_foreign(ForeignStream stream);
  void push_event(const Event& event);
  // Says of each offload once that it is lost.
  void push_offload_lost(Offload offload);
  bool lost(Offload offload);
  void push_float(uint32_t peer_id, const Path& path);
  void push_closed(const StreamClosed& closed);
  void push_fatal(const std::string& message);

  // Answers a wake, unless more than `max_control` control packets wait.
  Batch take(size_t max_control);

 private:
  // Unlocks and wakes the taker when nobody has.
  void wake(std::unique_lock<std::mutex>& held);

  std::function<void()> wake_;
  // Guards everything below.
  std::mutex mutex_;
  bool woken_ = false;
  bool room_awaited_ = false;
  ControlQueue control_;
  std::vector<Event> events_;
  std::array<bool, kOffloads> lost_{};
  std::unordered_map<uint32_t, Path> floats_;
  std::vector<StreamClosed> closed_;
  // By number, the ends of streams of which control packets still wait.
  std::unordered_map<uint64_t, StreamClosed> closing_;
  std::vector<ForeignStream> foreign_;
  std::optional<std::string> fatal_;
};

}  // namespace sallyport
