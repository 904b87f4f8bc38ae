#include "frame.h"

#include "big_endian.h"

namespace sallyport {

namespace {

constexpr uint8_t kHardResetClientV2 = 7 << 3;
constexpr uint8_t kHardResetClientV3 = 10 << 3;

struct Lengths {
  size_t least;
  size_t most;
  bool include(size_t length) const { return length >= least && length <= most; }
};

// From a bare reset to one with tls-auth or tls-crypt; and one that carries a wrapped client key.
constexpr Lengths kResetV2 = {14, 255};
constexpr Lengths kResetV3 = {336, 1278};

}  // namespace

Frame read_frame(std::span<uint8_t> bytes) {
  if (bytes.size() < kFrameLengthBytes) return {Frame::State::incomplete};
  const size_t length = read_number(bytes.first(kFrameLengthBytes));
  if (length == 0 || length > kMaxFramePacketBytes) return {Frame::State::invalid};
  if (bytes.size() - kFrameLengthBytes < length) return {Frame::State::incomplete};
  return {Frame::State::complete, bytes.subspan(kFrameLengthBytes, length)};
}

Beginning judge_beginning(std::span<const uint8_t> bytes) {
  if (bytes.size() < kFrameLengthBytes) return Beginning::undecided;
  const size_t length = read_number(bytes.first(kFrameLengthBytes));
  if (!kResetV2.include(length) && !kResetV3.include(length)) return Beginning::foreign;
  if (bytes.size() == kFrameLengthBytes) return Beginning::undecided;
  const uint8_t first = bytes[kFrameLengthBytes];
  const bool reset = (first == kHardResetClientV2 && kResetV2.include(length)) ||
                     (first == kHardResetClientV3 && kResetV3.include(length));
  return reset ? Beginning::openvpn : Beginning::foreign;
}

}  // namespace sallyport
