#pragma once

#include <cstdint>

#include "end_point.h"
#include "file_descriptor.h"
#include "path.h"

namespace sallyport {

// Throws Failure `system-call-failed`; `name` is the option's.
void set_option(int fd, int level, int option, int value, const char* name);

// Whether other UDP sockets are to have the same address and port: none, those that join later, or those that are
// there.
enum class Sharing : uint8_t { none, founder, member };

// Opens a non-blocking socket and binds it; `local` becomes the address that it really has. An IPv6 socket takes IPv4
// too. A founder does not get a port that anybody has, shared or not. Throws Failure `port-in-use`,
// `address-not-available`, `not-permitted` or `system-call-failed`.
FileDescriptor open_bound_socket(Transport transport, EndPoint& local, Sharing sharing = Sharing::none);

}  // namespace sallyport
