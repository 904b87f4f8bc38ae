#include "tun_device.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace sallyport {

ssize_t TunDevice::read(VirtioHeader& header, std::span<uint8_t> room) const {
  header = {};
  if (!virtio_) return ::read(fd(), room.data(), room.size());
  const std::array<iovec, 2> parts = {{{&header, sizeof header}, {room.data(), room.size()}}};
  const ssize_t bytes = readv(fd(), parts.data(), static_cast<int>(parts.size()));
  if (bytes <= 0) return bytes;
  if (bytes > static_cast<ssize_t>(sizeof header)) return bytes - ssize_t{sizeof header};
  errno = EBADMSG;
  return -1;
}

bool TunDevice::write(const VirtioHeader& header, std::span<const iovec> parts) const {
  if (!virtio_) return writev(fd(), parts.data(), static_cast<int>(parts.size())) >= 0;
  std::array<iovec, kMaxParts> all;
  // The kernel only reads it; an iovec has one type for both directions.
  all[0] = {const_cast<VirtioHeader*>(&header), sizeof header};
  std::copy(parts.begin(), parts.end(), all.begin() + 1);
  return writev(fd(), all.data(), static_cast<int>(parts.size()) + 1) >= 0;
}

}  // namespace sallyport
