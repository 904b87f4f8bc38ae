#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "counters.h"
#include "epoll.h"
#include "origin_table.h"
#include "tcp_listener.h"
#include "tcp_stream.h"
#include "upward_queue.h"

namespace sallyport {

// What became of a packet that was received. `no_room`: nothing yet, it must be offered again.
enum class Received : uint8_t { dropped, control, data, unopened, no_room };

// Every TCP stream of an engine, by number. Whoever connects is a stranger until somebody who can tell admits the
// stream or attaches a peer: what a stranger sends proves nothing, so it gains neither time nor the right to stay.
// Strangers are bounded in number, in number from one origin, and in time; those admitted are bounded by whoever admits
// them. A stream whose control packets find no room upward is not read until they do. Nothing here costs more when
// there are more streams. Used under the engine's lock.
class StreamTable {
 public:
  // Gets each packet of a stream in order.
  using Receiver = std::function<Received(const Path& path, std::span<uint8_t> packet, bool admitted)>;

  static constexpr size_t kStrangers = 1024;
  // Ticks that a stranger has, whatever it sends: OpenVPN's clients wait no longer for a handshake (`hand-window`).
  static constexpr uint64_t kStrangerTicks = 60;
  // Ticks without a packet after which a stream is closed that was admitted and has no peer.
  static constexpr uint64_t kIdleTicks = 90;
  // Ticks that a stream has for its last bytes.
  static constexpr uint64_t kLeaveTicks = 2;

  StreamTable(Epoll& epoll, Counters& counters, UpwardQueue& upward);

  // Takes waiting connections; false when the process has no room for more, and the listener had better rest.
  bool accept(uint32_t listener, const TcpListener& socket);
  void serve(const Epoll::Ready& ready, const Receiver& receiver);
  // Offers again what found no room; whoever has waited for longest comes first.
  void go_on(const Receiver& receiver);
  bool any_held_back() const { return !lines_[0].empty() || !lines_[1].empty(); }
  void tick(uint64_t seconds);
  void clear();

  // Promises room for a data frame, which must then be sent or cancelled; gives the reason when there is none.
  std::optional<Counter> reserve(uint64_t stream);
  void cancel(uint64_t stream);
  // Whether what was promised must be sent before anything more can be.
  bool crowded(uint64_t stream) const;
  // Sends whole frames, lengths included; false when the stream is gone.
  bool send_data(uint64_t stream, std::span<const iovec> frames);
  bool send_control(uint64_t stream, std::span<const uint8_t> packet);

  // A stream that is gone already is no error: its end is on its way up, or was reported.
  void admit(uint64_t stream);
  void attach(uint64_t stream, uint32_t peer_id);
  void detach(uint64_t stream, uint32_t peer_id);
  void close_when_sent(uint64_t stream);

 private:
  using State = TcpStream::State;
  using Order = TcpStream::Order;

  static constexpr size_t kStates = 4;
  static constexpr size_t kAcceptsPerEvent = 64;
  static constexpr size_t kReadBytes = 64 * 1024;
  // What is read of a stranger may have to be kept.
  static constexpr size_t kStrangerReadBytes = 4 * 1024;

  TcpStream* find(uint64_t stream);
  Order& order(State state) { return orders_[static_cast<size_t>(state)]; }
  void move(TcpStream& stream, State state);
  void make_room(const EndPoint& remote);
  void displace(uint64_t stream, Counter reason);
  void receive(TcpStream& stream, const Receiver& receiver);
  void take_frames(TcpStream& stream, std::span<uint8_t> bytes, const Receiver& receiver);
  void hold_back(TcpStream& stream, bool served);
  void leave_line(TcpStream& stream);
  bool recognise(TcpStream& stream, std::span<const uint8_t> bytes);
  void hand_over(TcpStream& stream, std::span<const uint8_t> bytes);
  void drain(TcpStream& stream);
  bool settle(TcpStream& stream, TcpStream::Sent sent);
  void watch(TcpStream& stream);
  void close(TcpStream& stream, CloseReason reason);
  void report(const TcpStream& stream, CloseReason reason);
  void erase(TcpStream& stream);
  void expire(State state, uint64_t ticks);

  Epoll& epoll_;
  Counters& counters_;
  UpwardQueue& upward_;
  uint64_t now_ = 0;
  uint64_t last_number_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<TcpStream>> streams_;
  // The streams of each state, the one that has been in it (or silent in it) for longest first.
  std::array<Order, kStates> orders_;
  OriginTable newcomers_;
  // The streams that are held back: those that got nothing through when they were last offered room, and then those
  // that got something.
  std::array<Order, 2> lines_;
  std::vector<uint8_t> buffer_;
};

}  // namespace sallyport
