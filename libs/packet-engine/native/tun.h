#pragma once

#include <optional>
#include <string>

#include "file_descriptor.h"

namespace sallyport {

struct TunOptions {
  // Below `namespace_directory`; none is the namespace of the process.
  std::optional<std::string> name_space;
  std::string interface_name;
  std::string device = "/dev/net/tun";
  std::string namespace_directory = "/run/netns";
};

// Creates a TUN device (plain IP packets, non-blocking, down) that lives as long as the descriptor.
// Throws Failure `interface-exists`, `namespace-missing`, `no-tun-device`, `not-permitted` or `system-call-failed`.
FileDescriptor open_tun(const TunOptions& options);

}  // namespace sallyport
