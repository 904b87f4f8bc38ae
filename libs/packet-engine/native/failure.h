#pragma once

#include <cstring>
#include <stdexcept>
#include <string>

namespace sallyport {

// A misuse or a failed system call, on its way to JavaScript where it becomes an EngineError with the same code.
class Failure : public std::runtime_error {
 public:
  Failure(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}
  const char* code() const { return code_; }

 private:
  const char* code_;
};

inline Failure system_failure(const std::string& what, int error) {
  return Failure("system-call-failed", what + ": " + std::strerror(error));
}

}  // namespace sallyport
