#pragma once

#include <optional>

#include "file_descriptor.h"
#include "path.h"

namespace sallyport {

// A bound TCP socket that takes connections without blocking.
class TcpListener {
 public:
  enum class Refusal : uint8_t { none_waits, out_of_resources };
  struct Accepted {
    FileDescriptor socket;
    EndPoint remote;
    EndPoint local;
  };

  // Throws as open_bound_socket does.
  TcpListener(const EndPoint& local, bool pass_foreign);

  int fd() const { return fd_.get(); }
  int family() const { return local_.family(); }
  const EndPoint& local() const { return local_; }
  bool pass_foreign() const { return pass_foreign_; }

  // The next connection, non-blocking and without Nagle's delay; its socket is invalid when there is none, and
  // `refusal` then says why.
  Accepted accept(Refusal& refusal) const;

 private:
  EndPoint local_;
  FileDescriptor fd_;
  bool pass_foreign_;
};

}  // namespace sallyport
