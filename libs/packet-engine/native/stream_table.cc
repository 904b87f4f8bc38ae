#include "stream_table.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "big_endian.h"
#include "frame.h"

namespace sallyport {

namespace {

Counter counter_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::peer_closed:
      return Counter::streamsPeerClosed;
    case CloseReason::desynchronised:
      return Counter::streamsDesynchronised;
    case CloseReason::bad_packet:
      return Counter::streamsBadPacket;
    case CloseReason::queue_full:
      return Counter::streamsQueueFull;
    case CloseReason::idle:
      return Counter::streamsIdle;
    case CloseReason::error:
      break;
  }
  return Counter::streamsFailed;
}

}  // namespace

StreamTable::StreamTable(Epoll& epoll, Counters& counters, UpwardQueue& upward)
    : epoll_(epoll),
      counters_(counters),
      upward_(upward),
      buffer_(kFrameLengthBytes + kMaxFramePacketBytes + kReadBytes) {}

TcpStream* StreamTable::find(uint64_t stream) {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : found->second.get();
}

void StreamTable::move(TcpStream& stream, State state) {
  if (stream.state == State::newcomer) newcomers_.remove(stream.path.remote, stream.place_in_origin);
  Order& to = order(state);
  to.splice(to.end(), order(stream.state), stream.place);
  stream.state = state;
  stream.since = now_;
}

// Coming.

bool StreamTable::accept(uint32_t listener, const TcpListener& socket) {
  for (size_t i = 0; i < kAcceptsPerEvent; ++i) {
    TcpListener::Refusal refusal;
    TcpListener::Accepted accepted = socket.accept(refusal);
    if (!accepted.socket.valid()) return refusal == TcpListener::Refusal::none_waits;
    make_room(accepted.remote);
    const uint64_t number = ++last_number_;
    if (!epoll_.try_watch(accepted.socket.get(), Epoll::Source::stream, number)) {
      counters_.add(Counter::streamsFailed);
      continue;
    }
    const Path path{listener, Transport::tcp, accepted.remote, accepted.local, number};
    auto stream = std::make_unique<TcpStream>(std::move(accepted.socket), path, socket.pass_foreign());
    Order& newcomers = order(State::newcomer);
    stream->place = newcomers.insert(newcomers.end(), number);
    stream->place_in_origin = newcomers_.add(path.remote, number);
    stream->since = now_;
    streams_.emplace(number, std::move(stream));
    counters_.add(Counter::streamsAccepted);
  }
  return true;
}

// One who floods us with connections displaces his own, which were there before; many who do displace whoever has been
// a stranger for longest, which an honest client is only for as long as one packet takes.
void StreamTable::make_room(const EndPoint& remote) {
  if (const auto oldest = newcomers_.surplus(remote)) displace(*oldest, Counter::dropStreamOriginLimit);
  const Order& leaving = order(State::leaving);
  const Order& newcomers = order(State::newcomer);
  if (newcomers.size() + leaving.size() < kStrangers) return;
  if (!leaving.empty()) return erase(*find(leaving.front()));
  displace(newcomers.front(), Counter::dropStreamLimit);
}

void StreamTable::displace(uint64_t number, Counter reason) {
  TcpStream& stream = *find(number);
  counters_.add(reason);
  report(stream, CloseReason::idle);
  erase(stream);
}

// Receiving.

void StreamTable::serve(const Epoll::Ready& ready, const Receiver& receiver) {
  TcpStream* stream = find(ready.number);
  if (!stream) return;
  if (ready.writable && !stream->queue().empty() && !settle(*stream, stream->resume())) return;
  if (!ready.readable) return;
  if (stream->state == State::leaving) return drain(*stream);
  // Nobody asked whether it can be read: the connection has broken.
  if (stream->line) return close(*stream, CloseReason::error);
  receive(*stream, receiver);
}

void StreamTable::receive(TcpStream& stream, const Receiver& receiver) {
  const size_t most = stream.state == State::newcomer ? kStrangerReadBytes : kReadBytes;
  const auto read = stream.read(std::span(buffer_).first(stream.kept() + most));
  if (!read) return close(stream, errno == 0 ? CloseReason::peer_closed : CloseReason::error);
  std::span<uint8_t> bytes = *read;
  if (bytes.size() == stream.kept()) return;
  if (stream.recognised || recognise(stream, bytes)) take_frames(stream, bytes, receiver);
}

void StreamTable::take_frames(TcpStream& stream, std::span<uint8_t> bytes, const Receiver& receiver) {
  const bool admitted = stream.state != State::newcomer;
  bool served = false;
  bool heard = false;
  Frame frame = read_frame(bytes);
  for (; frame.state == Frame::State::complete; frame = read_frame(bytes)) {
    const Received received = receiver(stream.path, frame.packet, admitted);
    if (received == Received::no_room) break;
    counters_.add(Counter::tcpPacketsReceived);
    served = true;
    if (received == Received::unopened) return close(stream, CloseReason::bad_packet);
    if (received == Received::control) stream.announced = true;
    heard = heard || received != Received::dropped;
    bytes = bytes.subspan(kFrameLengthBytes + frame.packet.size());
  }
  if (frame.state == Frame::State::invalid) return close(stream, CloseReason::desynchronised);
  stream.keep(bytes);
  if (heard && stream.state == State::guest) move(stream, State::guest);
  if (frame.state == Frame::State::complete) hold_back(stream, served);
}

void StreamTable::hold_back(TcpStream& stream, bool served) {
  if (stream.readable_awaited) counters_.add(Counter::streamsHeldBack);
  stream.line = &lines_[served ? 1 : 0];
  stream.place_in_line = stream.line->insert(stream.line->end(), stream.path.stream);
  watch(stream);
}

void StreamTable::leave_line(TcpStream& stream) {
  if (stream.line) stream.line->erase(stream.place_in_line);
  stream.line = nullptr;
}

void StreamTable::go_on(const Receiver& receiver) {
  std::vector<uint64_t> waiting;
  for (const Order& line : lines_) waiting.insert(waiting.end(), line.begin(), line.end());
  for (const uint64_t number : waiting) {
    TcpStream& stream = *find(number);
    leave_line(stream);
    take_frames(stream, stream.recall(buffer_), receiver);
    if (TcpStream* still = find(number)) watch(*still);
  }
}

// Answers whether the stream may go on; keeps what is too short to tell.
bool StreamTable::recognise(TcpStream& stream, std::span<const uint8_t> bytes) {
  switch (judge_beginning(bytes)) {
    case Beginning::undecided:
      stream.keep(bytes);
      return false;
    case Beginning::foreign:
      hand_over(stream, bytes);
      return false;
    case Beginning::openvpn:
      stream.recognised = true;
      return true;
  }
  return false;
}

void StreamTable::hand_over(TcpStream& stream, std::span<const uint8_t> bytes) {
  epoll_.forget(stream.fd());
  const bool passed =
      stream.pass_foreign && upward_.push_foreign({stream.release(), stream.path, {bytes.begin(), bytes.end()}});
  counters_.add(passed ? Counter::streamsPassedOn : Counter::dropForeignStream);
  erase(stream);
}

// Sending.

std::optional<Counter> StreamTable::reserve(uint64_t number) {
  TcpStream* stream = find(number);
  if (!stream || stream->state == State::leaving) return Counter::dropUnknownStream;
  if (stream->reserved >= stream->queue().room(FrameQueue::Kind::data)) return Counter::dropStreamQueueFull;
  ++stream->reserved;
  return std::nullopt;
}

bool StreamTable::crowded(uint64_t number) const {
  const auto found = streams_.find(number);
  if (found == streams_.end()) return false;
  TcpStream& stream = *found->second;
  return stream.reserved > 0 && stream.reserved >= stream.queue().room(FrameQueue::Kind::data);
}

void StreamTable::cancel(uint64_t number) {
  if (TcpStream* stream = find(number)) --stream->reserved;
}

bool StreamTable::send_data(uint64_t number, std::span<const iovec> frames) {
  TcpStream* stream = find(number);
  if (!stream) return false;
  stream->reserved = 0;
  return settle(*stream, stream->send(frames, FrameQueue::Kind::data));
}

bool StreamTable::send_control(uint64_t number, std::span<const uint8_t> packet) {
  TcpStream* stream = find(number);
  if (!stream || stream->state == State::leaving) {
    counters_.add(Counter::dropUnknownStream);
    return false;
  }
  if (stream->queue().room(FrameQueue::Kind::control) == 0) {
    close(*stream, CloseReason::queue_full);
    return false;
  }
  std::vector<uint8_t> bytes(kFrameLengthBytes + packet.size());
  write_number(std::span(bytes).first(kFrameLengthBytes), packet.size());
  std::copy(packet.begin(), packet.end(), bytes.begin() + kFrameLengthBytes);
  const iovec frame{bytes.data(), bytes.size()};
  return settle(*stream, stream->send({&frame, 1}, FrameQueue::Kind::control));
}

// Answers whether the stream still exists.
bool StreamTable::settle(TcpStream& stream, TcpStream::Sent sent) {
  if (sent == TcpStream::Sent::failed) {
    close(stream, CloseReason::error);
    return false;
  }
  if (sent == TcpStream::Sent::all && stream.state == State::leaving) shutdown(stream.fd(), SHUT_WR);
  watch(stream);
  return true;
}

void StreamTable::watch(TcpStream& stream) {
  const bool readable = !stream.line;
  const bool writable = !stream.queue().empty();
  if (readable == stream.readable_awaited && writable == stream.writable_awaited) return;
  stream.readable_awaited = readable;
  stream.writable_awaited = writable;
  epoll_.rewatch(stream.fd(), Epoll::Source::stream, stream.path.stream, readable, writable);
}

// Belonging and leaving.

void StreamTable::admit(uint64_t number) {
  TcpStream* stream = find(number);
  if (stream && stream->state == State::newcomer) move(*stream, State::guest);
}

void StreamTable::attach(uint64_t number, uint32_t peer_id) {
  TcpStream* stream = find(number);
  if (!stream || stream->state == State::leaving) return;
  stream->peer_id = peer_id;
  move(*stream, State::member);
}

void StreamTable::detach(uint64_t number, uint32_t peer_id) {
  TcpStream* stream = find(number);
  if (!stream || stream->peer_id != peer_id) return;
  stream->peer_id.reset();
  if (stream->state == State::member) move(*stream, State::guest);
}

void StreamTable::close_when_sent(uint64_t number) {
  TcpStream* stream = find(number);
  if (!stream || stream->state == State::leaving) return;
  move(*stream, State::leaving);
  leave_line(*stream);
  watch(*stream);
  if (stream->queue().empty()) shutdown(stream->fd(), SHUT_WR);
}

// Closing a socket with unread bytes would reset the connection, and the peer might never see what was sent last: the
// rest is read until the peer has closed too.
void StreamTable::drain(TcpStream& stream) {
  stream.keep({});
  if (!stream.read(buffer_)) erase(stream);
}

void StreamTable::close(TcpStream& stream, CloseReason reason) {
  counters_.add(counter_of(reason));
  report(stream, reason);
  erase(stream);
}

void StreamTable::report(const TcpStream& stream, CloseReason reason) {
  if (stream.announced && stream.state != State::leaving) upward_.push_closed({stream.path, stream.peer_id, reason});
}

void StreamTable::erase(TcpStream& stream) {
  if (stream.fd() >= 0) epoll_.forget(stream.fd());
  if (stream.state == State::newcomer) newcomers_.remove(stream.path.remote, stream.place_in_origin);
  leave_line(stream);
  order(stream.state).erase(stream.place);
  streams_.erase(stream.path.stream);
}

void StreamTable::tick(uint64_t seconds) {
  now_ += seconds;
  expire(State::newcomer, kStrangerTicks);
  expire(State::guest, kIdleTicks);
  expire(State::leaving, kLeaveTicks);
}

void StreamTable::expire(State state, uint64_t ticks) {
  Order& streams = order(state);
  while (!streams.empty()) {
    TcpStream& oldest = *find(streams.front());
    // A tick may come right after the stream's last sign of life, so this many seconds are one tick more.
    if (now_ - oldest.since <= ticks) return;
    close(oldest, CloseReason::idle);
  }
}

void StreamTable::clear() {
  streams_.clear();
  for (Order& streams : orders_) streams.clear();
  for (Order& line : lines_) line.clear();
  newcomers_.clear();
}

}  // namespace sallyport
