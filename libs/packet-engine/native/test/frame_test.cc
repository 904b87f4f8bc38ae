#include "frame.h"

#include "check.h"
#include "frame_queue.h"
#include "hex.h"

using namespace sallyport;

namespace {

Frame::State state_of(Bytes bytes) { return read_frame(bytes).state; }
Beginning beginning_of(const std::string& hex) { return judge_beginning(from_hex(hex)); }
Bytes waiting(const FrameQueue& queue) { return {queue.bytes().begin(), queue.bytes().end()}; }

}  // namespace

TEST("frame: waits for the whole packet and then gives exactly it") {
  Bytes stream = from_hex("0003aabbcc0001dd00");
  for (size_t bytes = 0; bytes < 5; ++bytes) {
    CHECK(state_of(Bytes(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(bytes))) ==
          Frame::State::incomplete);
  }
  const Frame frame = read_frame(stream);
  CHECK(frame.state == Frame::State::complete);
  CHECK(Bytes(frame.packet.begin(), frame.packet.end()) == from_hex("aabbcc"));
}

TEST("frame: length 0 and a length beyond every packet mean that the stream is out of step") {
  CHECK(state_of(from_hex("0000")) == Frame::State::invalid);
  CHECK(state_of(from_hex("081d")) == Frame::State::incomplete);
  CHECK(state_of(from_hex("081e")) == Frame::State::invalid);
  CHECK(state_of(from_hex("ffff")) == Frame::State::invalid);
}

TEST("frame: a stream begins like OpenVPN's or is somebody else's") {
  CHECK(beginning_of("") == Beginning::undecided);
  CHECK(beginning_of("00") == Beginning::undecided);
  for (const char* plausible : {"000e", "00ff", "0150", "04fe"}) CHECK(beginning_of(plausible) == Beginning::undecided);
  for (const char* strange : {"000d", "0100", "014f", "04ff", "1603", "4745"}) {
    CHECK(beginning_of(strange) == Beginning::foreign);
  }
  for (const char* reset : {"000e38", "002a38", "00ff38", "015050", "04fe50"}) {
    CHECK(beginning_of(reset) == Beginning::openvpn);
  }
  // The right length of the other reset, another opcode, another key id.
  for (const char* strange : {"000e50", "015038", "000e20", "000e39", "015051", "16030100", "474554202f"}) {
    CHECK(beginning_of(strange) == Beginning::foreign);
  }
}

TEST("frame queue: gives back what was put in, whatever the kernel takes at a time") {
  FrameQueue queue;
  Bytes expected;
  for (uint8_t i = 0; i < 20; ++i) {
    const Bytes frame(1 + i * 7u, i);
    queue.push(i % 3 == 0 ? FrameQueue::Kind::control : FrameQueue::Kind::data, frame);
    expected = concat(expected, frame);
    const size_t taken = i * 5u % expected.size();
    CHECK(waiting(queue) == expected);
    queue.pop(taken);
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(taken));
  }
  CHECK(waiting(queue) == expected);
  queue.pop(expected.size());
  CHECK(queue.empty() && waiting(queue).empty());
  CHECK(queue.room(FrameQueue::Kind::data) == 64 && queue.room(FrameQueue::Kind::control) == 64);
}

TEST("frame queue: counts data and control apart, and a frame until its last byte") {
  FrameQueue queue;
  for (int i = 0; i < 64; ++i) queue.push(FrameQueue::Kind::data, Bytes(10));
  CHECK(queue.room(FrameQueue::Kind::data) == 0);
  CHECK(queue.room(FrameQueue::Kind::control) == 64);
  queue.push(FrameQueue::Kind::control, Bytes(10));
  CHECK(queue.room(FrameQueue::Kind::control) == 63);
  queue.pop(9);
  CHECK(queue.room(FrameQueue::Kind::data) == 0);
  queue.pop(1);
  CHECK(queue.room(FrameQueue::Kind::data) == 1);
  queue.pop(15);
  CHECK(queue.room(FrameQueue::Kind::data) == 2);
}
