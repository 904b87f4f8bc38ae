#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "check.h"
#include "fixture.h"
#include "tap.h"

namespace tap_fixture {

using namespace fixture;

// A file in memory that stays readable when the tap has closed its own descriptor.
struct File {
  FileDescriptor fd{memfd_create("tap", MFD_CLOEXEC)};

  FileDescriptor writable() const { return FileDescriptor(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }
  Bytes bytes() const {
    Bytes all(static_cast<size_t>(lseek(fd.get(), 0, SEEK_END)));
    CHECK(pread(fd.get(), all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()));
    return all;
  }
};

// A pipe that is full until somebody reads stands for a disk that is slow.
class Disk {
 public:
  Disk() {
    std::array<int, 2> ends{};
    CHECK(pipe2(ends.data(), O_CLOEXEC) == 0);
    far_ = FileDescriptor(ends[0]);
    near_ = FileDescriptor(ends[1]);
    Bytes filling(static_cast<size_t>(fcntl(far_.get(), F_GETPIPE_SZ)));
    CHECK(::write(near_.get(), filling.data(), filling.size()) == static_cast<ssize_t>(filling.size()));
    full_bytes_ = filling.size();
  }
  FileDescriptor take() { return std::move(near_); }
  // Lets what waits go on.
  void write() {
    for (; full_bytes_ > 0; full_bytes_ -= read_some(full_bytes_).size()) continue;
  }
  // What was written, once its writer is gone.
  Bytes written() {
    Bytes all;
    while (true) {
      const Bytes more = read_some(4096);
      if (more.empty()) return all;
      all.insert(all.end(), more.begin(), more.end());
    }
  }

 private:
  Bytes read_some(size_t most) {
    Bytes bytes(most);
    const ssize_t count = ::read(far_.get(), bytes.data(), bytes.size());
    bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
    return bytes;
  }

  FileDescriptor far_;
  FileDescriptor near_;
  size_t full_bytes_ = 0;
};

inline uint32_t word(const Bytes& bytes, size_t offset) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Block {
  uint32_t type;
  Bytes body;
};

// Reads a file by the rules of the format: type, length, body, the same length again; every length a multiple of 4.
inline std::vector<Block> blocks(const Bytes& file) {
  std::vector<Block> all;
  for (size_t offset = 0; offset < file.size();) {
    const uint32_t bytes = word(file, offset + 4);
    if (bytes < 12 || bytes % 4 != 0 || offset + bytes > file.size() || word(file, offset + bytes - 4) != bytes) {
      CHECK(!"a block that ends where it should");
      return all;
    }
    const auto begin = file.begin() + static_cast<long>(offset);
    all.push_back({word(file, offset), Bytes(begin + 8, begin + bytes - 4)});
    offset += bytes;
  }
  return all;
}

inline Bytes packet_of(const Block& block) {
  const uint32_t length = word(block.body, 12);
  return Bytes(block.body.begin() + 20, block.body.begin() + 20 + length);
}

inline uint64_t statistic(const Block& block, size_t offset) {
  return word(block.body, offset) | uint64_t{word(block.body, offset + 4)} << 32;
}

// 1 from the peer, 2 to it.
inline uint32_t direction_of(const Block& block) {
  return word(block.body, 20 + (word(block.body, 12) + 3) / 4 * 4 + 4);
}

}  // namespace tap_fixture
