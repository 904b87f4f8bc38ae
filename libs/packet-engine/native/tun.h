#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tun_device.h"

namespace sallyport {

struct TunOptions {
  // Below `namespace_directory`; none is the namespace of the process.
  std::optional<std::string> name_space;
  std::string interface_name;
  std::string device = "/dev/net/tun";
  std::string namespace_directory = "/run/netns";
};

// Creates a TUN device (non-blocking, down) that lives as long as one of its descriptors, one for each queue; where the
// kernel has no queues it is one, however many were asked for. Whatever the kernel offers to make packets cheap is on:
// virtio headers, checksums left open, super-packets; each of them may be missing. Throws Failure `interface-exists`,
// `namespace-missing`, `no-tun-device`, `not-permitted` or `system-call-failed`.
std::vector<TunDevice> open_tun(const TunOptions& options, size_t queues = 1);

}  // namespace sallyport
