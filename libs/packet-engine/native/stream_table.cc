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
    if (!make_room()) {
      counters_.add(Counter::dropStreamLimit);
      continue;
    }
    const uint64_t number = ++last_number_;
    if (!epoll_.try_watch(accepted.socket.get(), Epoll::Source::stream, number)) {
      counters_.add(Counter::streamsFailed);
      continue;
    }
    const Path path{listener, Transport::tcp, accepted.remote, accepted.local, number};
    auto stream = std::make_unique<TcpStream>(std::move(accepted.socket), path, socket.pass_foreign());
    Order& newcomers = order(State::newcomer);
    stream->place = newcomers.insert(newcomers.end(), number);
    stream->since = now_;
    streams_.emplace(number, std::move(stream));
    counters_.add(Counter::streamsAccepted);
  }
  return true;
}

// One who floods us with connections displaces those that have not said anything, which are mostly his own; whoever is
// in the middle of a handshake stays.
bool StreamTable::make_room() {
  const size_t strangers = order(State::newcomer).size() + order(State::guest).size() + order(State::leaving).size();
  if (strangers < kStrangers) return true;
  for (const State state : {State::leaving, State::newcomer}) {
    if (order(state).empty()) continue;
    if (state == State::newcomer) counters_.add(Counter::dropStreamLimit);
    erase(*find(order(state).front()));
    return true;
  }
  return false;
}

// Receiving.

void StreamTable::serve(const Epoll::Ready& ready, const Receiver& receiver) {
  TcpStream* stream = find(ready.number);
  if (!stream) return;
  if (ready.writable && !stream->queue().empty() && !settle(*stream, stream->resume())) return;
  if (!ready.readable) return;
  if (stream->state == State::leaving) return drain(*stream);
  receive(*stream, receiver);
}

void StreamTable::receive(TcpStream& stream, const Receiver& receiver) {
  const auto read = stream.read(buffer_);
  if (!read) return close(stream, errno == 0 ? CloseReason::peer_closed : CloseReason::error);
  std::span<uint8_t> bytes = *read;
  if (bytes.size() == stream.kept()) return;
  if (!stream.recognised && !recognise(stream, bytes)) return;
  bool heard = false;
  Frame frame = read_frame(bytes);
  for (; frame.state == Frame::State::complete; frame = read_frame(bytes)) {
    counters_.add(Counter::tcpPacketsReceived);
    const Received received = receiver(stream.path, frame.packet);
    if (received == Received::unopened) return close(stream, CloseReason::bad_packet);
    if (received == Received::control) stream.announced = true;
    heard = heard || received != Received::dropped;
    bytes = bytes.subspan(kFrameLengthBytes + frame.packet.size());
  }
  if (frame.state == Frame::State::invalid) return close(stream, CloseReason::desynchronised);
  stream.keep(bytes);
  if (heard && stream.state != State::member) move(stream, State::guest);
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

bool StreamTable::reserve(uint64_t number) {
  TcpStream* stream = find(number);
  if (!stream || stream->state == State::leaving) {
    counters_.add(Counter::dropUnknownStream);
    return false;
  }
  if (stream->reserved >= stream->queue().room(FrameQueue::Kind::data)) {
    counters_.add(Counter::dropStreamQueueFull);
    return false;
  }
  ++stream->reserved;
  return true;
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
  const bool waits = sent == TcpStream::Sent::queued;
  if (waits == stream.writable_awaited) return true;
  stream.writable_awaited = waits;
  epoll_.rewatch(stream.fd(), Epoll::Source::stream, stream.path.stream, true, waits);
  return true;
}

// Belonging and leaving.

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
  if (stream.announced && stream.state != State::leaving) upward_.push_closed({stream.path, stream.peer_id, reason});
  erase(stream);
}

void StreamTable::erase(TcpStream& stream) {
  if (stream.fd() >= 0) epoll_.forget(stream.fd());
  order(stream.state).erase(stream.place);
  streams_.erase(stream.path.stream);
}

void StreamTable::tick(uint64_t seconds) {
  now_ += seconds;
  expire(State::newcomer, kIdleTicks);
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
}

}  // namespace sallyport
