#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "packet_buffer.h"
#include "packet_info.h"
#include "path.h"
#include "udp.h"

namespace sallyport {

// Buffers for up to kBatchPackets datagrams received by one system call.
class ReceiveBatch {
 public:
  struct Datagram {
    const Path& path;
    std::span<uint8_t> bytes;
    bool truncated;
  };

  ReceiveBatch();
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  // Number of datagrams received, 0 when none waits. Throws Failure when the socket is beyond use.
  size_t receive(const UdpSocket& socket, uint32_t listener);
  // The views hold until the next call of `receive`.
  Datagram datagram(size_t index);

 private:
  std::unique_ptr<uint8_t[]> buffers_;
  std::vector<Path> paths_;
  std::vector<PacketInfo> infos_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> messages_;
  size_t filled_ = kBatchPackets;
};

}  // namespace sallyport
