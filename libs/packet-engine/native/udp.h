#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "end_point.h"
#include "file_descriptor.h"

namespace sallyport {

inline constexpr size_t kBatchPackets = 64;

// An odd multiple of a cache line, so that the buffers of a batch do not compete for the same cache sets.
inline constexpr size_t kBufferBytes = 143 * 64;

// A bound, non-blocking UDP socket with large buffers whose datagrams may be fragmented on the way.
class UdpSocket {
 public:
  // Throws Failure `port-in-use`, `address-not-available`, `not-permitted` or `system-call-failed`.
  explicit UdpSocket(const EndPoint& local);

  int fd() const { return fd_.get(); }
  int family() const { return local_.family(); }
  const EndPoint& local() const { return local_; }
  // May be called from any thread.
  bool send(const EndPoint& to, std::span<const uint8_t> bytes) const;

 private:
  FileDescriptor fd_;
  EndPoint local_;
};

// Buffers for up to kBatchPackets datagrams received by one system call.
class ReceiveBatch {
 public:
  struct Datagram {
    const EndPoint& from;
    std::span<uint8_t> bytes;
    bool truncated;
  };

  ReceiveBatch();
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  // Number of datagrams received, 0 when none waits. Throws Failure when the socket is beyond use.
  size_t receive(int fd);
  // The views hold until the next call of `receive`.
  Datagram datagram(size_t index);

 private:
  std::unique_ptr<uint8_t[]> buffers_;
  std::vector<EndPoint> from_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> messages_;
};

// Buffers for up to kBatchPackets datagrams sent by one system call.
class SendBatch {
 public:
  using Report = std::function<void(size_t index, bool sent)>;

  SendBatch();
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  size_t size() const { return size_; }
  bool full() const { return size_ == kBatchPackets; }
  // The next free buffer; the batch must not be full.
  std::span<uint8_t> buffer();
  // Takes the first `bytes` of the buffer into the batch. `to` must stay valid until the flush.
  void add(const EndPoint& to, size_t bytes);
  // Sends everything, reports each datagram, and leaves the batch empty.
  void flush(int fd, const Report& report);

 private:
  size_t size_ = 0;
  std::unique_ptr<uint8_t[]> buffers_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> messages_;
};

}  // namespace sallyport
