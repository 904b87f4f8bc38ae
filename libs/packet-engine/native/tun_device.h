#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "file_descriptor.h"
#include "virtio_header.h"

namespace sallyport {

// What the kernel leaves to whoever reads a TUN device, each with what comes before it: checksums, the cutting of TCP
// super-packets, that of UDP ones.
enum class TunOffload : uint8_t { none, checksum, tcp, tcp_udp };

inline constexpr std::array kTunOffloadNames = {"none", "checksum", "tcp", "tcp-udp"};

// One queue of an open TUN device, or whatever stands for one: a descriptor that gives and takes one packet at a time.
class TunDevice {
 public:
  static constexpr size_t kMaxParts = 1024;

  // `virtio`: a VirtioHeader stands before each packet, both ways.
  explicit TunDevice(FileDescriptor descriptor, bool virtio = false, TunOffload offload = TunOffload::none)
      : descriptor_(std::move(descriptor)), virtio_(virtio), offload_(offload) {}

  int fd() const { return descriptor_.get(); }
  bool virtio() const { return virtio_; }
  TunOffload offload() const { return offload_; }

  // As read(2): the packet's length without its header, 0 or less with errno set when there is none. EBADMSG is a
  // packet that was no longer than its header. One that is longer than the room is cut.
  ssize_t read(VirtioHeader& header, std::span<uint8_t> room) const;
  // Writes one packet of up to kMaxParts - 1 parts; false with errno set when the kernel refuses. Without virtio
  // headers the packet must be one that needs none.
  bool write(const VirtioHeader& header, std::span<const iovec> parts) const;

 private:
  FileDescriptor descriptor_;
  bool virtio_;
  TunOffload offload_;
};

}  // namespace sallyport
