#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

#include "file_descriptor.h"
#include "frame_queue.h"
#include "path.h"

namespace sallyport {

// One TCP connection: its socket, what was read of a frame that is not complete, and what waits to be sent. What it
// means to be in a state is the business of the StreamTable.
class TcpStream {
 public:
  // newcomer: a stranger · guest: admitted, no peer yet · member: belongs to a peer · leaving: closed when all is sent.
  enum class State : uint8_t { newcomer, guest, member, leaving };
  enum class Sent : uint8_t { all, queued, failed };
  using Order = std::list<uint64_t>;
  using Place = Order::iterator;

  TcpStream(FileDescriptor socket, const Path& path, bool pass_foreign)
      : path(path), pass_foreign(pass_foreign), socket_(std::move(socket)) {}

  const Path path;
  const bool pass_foreign;
  State state = State::newcomer;
  // Where it stands among the streams of its state, and since which tick.
  Place place;
  uint64_t since = 0;
  // Where it stands among the strangers of its origin, while it is one.
  Place place_in_origin;
  // The line in which it waits for room upward, and its place there; nothing is read of it meanwhile.
  Order* line = nullptr;
  Place place_in_line;
  std::optional<uint32_t> peer_id;
  // Whether a packet of it went up, so that somebody wants to hear of its end.
  bool announced = false;
  bool recognised = false;
  // What epoll was asked to report.
  bool readable_awaited = true;
  bool writable_awaited = false;
  // Data frames that were promised room but not sent yet.
  size_t reserved = 0;

  int fd() const { return socket_.get(); }
  FileDescriptor release() { return std::move(socket_); }

  // Reads once into `buffer`, behind what `keep` was given; the view is all of it. A view as long as what was kept
  // means that nothing came; `nullopt` that the stream ended, with `errno` set or 0.
  std::optional<std::span<uint8_t>> read(std::span<uint8_t> buffer);
  void keep(std::span<const uint8_t> bytes) { partial_.assign(bytes.begin(), bytes.end()); }
  // Copies what was kept into `buffer`; the view is all of it.
  std::span<uint8_t> recall(std::span<uint8_t> buffer) const;
  size_t kept() const { return partial_.size(); }

  const FrameQueue& queue() const { return queue_; }
  // Sends frames, or queues what the kernel does not take. The caller sees to the queue's room.
  Sent send(std::span<const iovec> frames, FrameQueue::Kind kind);
  // Sends from the queue.
  Sent resume();

 private:
  FileDescriptor socket_;
  std::vector<uint8_t> partial_;
  FrameQueue queue_;
};

}  // namespace sallyport
