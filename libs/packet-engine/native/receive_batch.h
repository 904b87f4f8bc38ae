#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "path.h"
#include "receive_info.h"
#include "udp.h"

namespace sallyport {

// Buffers for what one system call receives: up to kMessages messages, each of one datagram or of several of one sender
// that the kernel kept together (UDP_GRO).
class ReceiveBatch {
 public:
  static constexpr size_t kMessages = 32;

  struct Datagram {
    const Path& path;
    std::span<uint8_t> bytes;
    Ecn ecn = Ecn::not_ect;
  };

  ReceiveBatch();
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  // Number of messages received, 0 when none waits. Throws Failure when the socket is beyond use.
  size_t receive(const UdpSocket& socket, uint32_t listener);

  // Shows each datagram in the order of arrival. They stay in place until the next call of `receive`.
  template <class Visitor>
  void for_each(Visitor visit) {
    for (size_t i = 0; i < filled_; ++i) {
      std::span<uint8_t> rest = bytes_of(i);
      const auto [ecn, segment_bytes] = contents_[i];
      do {
        const size_t bytes = segment_bytes == 0 ? rest.size() : std::min(segment_bytes, rest.size());
        visit(Datagram{paths_[i], rest.first(bytes), ecn});
        rest = rest.subspan(bytes);
      } while (!rest.empty());
    }
  }

 private:
  // The longest message there is, and an odd number of cache lines, so that the buffers do not compete for the same
  // cache sets. Only what was ever written to takes memory.
  static constexpr size_t kMessageBytes = 65536 + 35 * 64;

  std::span<uint8_t> bytes_of(size_t index) {
    return {buffers_.get() + index * kMessageBytes, messages_[index].msg_len};
  }

  std::unique_ptr<uint8_t[]> buffers_;
  std::vector<Path> paths_;
  std::vector<ReceiveInfo> infos_;
  std::vector<ReceiveInfo::Contents> contents_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> messages_;
  size_t filled_ = kMessages;
};

}  // namespace sallyport
