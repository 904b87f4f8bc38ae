#include <sys/socket.h>

#include <deque>
#include <memory>
#include <stdexcept>

#include "frame.h"
#include "frame_queue.h"
#include "fuzz_target.h"
#include "tcp_stream.h"

// A stream that arrives in any pieces gives the same frames as in one piece; a queue gives what was pushed, in order.

using namespace sallyport;
using fuzz::Bytes;

namespace {

struct Taken {
  std::vector<Bytes> packets;
  bool invalid = false;
  bool operator==(const Taken&) const = default;
};

// Takes the whole frames from the front of `bytes`; gives what is left.
std::span<uint8_t> take_frames(std::span<uint8_t> bytes, Taken& taken) {
  Frame frame = read_frame(bytes);
  for (; frame.state == Frame::State::complete; frame = read_frame(bytes)) {
    HOLDS(!frame.packet.empty() && frame.packet.size() <= kMaxFramePacketBytes);
    taken.packets.emplace_back(frame.packet.begin(), frame.packet.end());
    bytes = bytes.subspan(kFrameLengthBytes + frame.packet.size());
  }
  taken.invalid = frame.state == Frame::State::invalid;
  return bytes;
}

// Two connected ends, of which one is a stream of the engine's.
struct Pair {
  FileDescriptor far;
  std::unique_ptr<TcpStream> stream;

  Pair() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
      throw std::runtime_error("socketpair");
    }
    far = FileDescriptor(ends[0]);
    stream = std::make_unique<TcpStream>(FileDescriptor(ends[1]), Path{}, false);
  }
};

Taken in_pieces(fuzz::Input& input, const Bytes& whole) {
  const Pair pair;
  Bytes buffer(64 * 1024);
  Taken taken;
  for (size_t sent = 0; sent < whole.size() && !taken.invalid;) {
    const size_t piece = std::min<size_t>(1 + input.u8() * 4, whole.size() - sent);
    HOLDS(send(pair.far.get(), whole.data() + sent, piece, 0) == static_cast<ssize_t>(piece));
    sent += piece;
    const auto read = pair.stream->read(buffer);
    HOLDS(read);
    pair.stream->keep(take_frames(*read, taken));
    HOLDS(pair.stream->kept() < kFrameLengthBytes + kMaxFramePacketBytes || taken.invalid);
  }
  return taken;
}

void check_stream(fuzz::Input& input) {
  Bytes whole = input.bytes(input.u16() % 8192);
  Taken at_once;
  take_frames(whole, at_once);
  HOLDS(in_pieces(input, whole) == at_once);
  // What a stream turns out to be does not depend on how much of it has come, once it is known.
  Beginning known = Beginning::undecided;
  for (size_t bytes = 0; bytes <= std::min<size_t>(whole.size(), 8); ++bytes) {
    const Beginning beginning = judge_beginning(std::span(whole).first(bytes));
    HOLDS(known == Beginning::undecided || beginning == known);
    known = beginning;
  }
}

void check_queue(fuzz::Input& input) {
  FrameQueue queue;
  std::deque<uint8_t> model;
  for (int steps = 0; steps < 256 && !input.empty(); ++steps) {
    const uint8_t kind = input.u8();
    if (kind % 2 == 0) {
      const auto of = (kind & 2) != 0 ? FrameQueue::Kind::data : FrameQueue::Kind::control;
      const size_t room = queue.room(of);
      const Bytes frame = input.bytes(1 + kind / 4);
      if (frame.empty() || room == 0) continue;
      queue.push(of, frame);
      HOLDS(queue.room(of) == room - 1);
      model.insert(model.end(), frame.begin(), frame.end());
    } else {
      const size_t count = std::min<size_t>(input.u8(), model.size());
      queue.pop(count);
      model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
    }
    HOLDS(std::ranges::equal(queue.bytes(), model));
    HOLDS(queue.empty() == model.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  if ((input.u8() & 1) != 0) {
    check_queue(input);
  } else {
    check_stream(input);
  }
  return 0;
}
