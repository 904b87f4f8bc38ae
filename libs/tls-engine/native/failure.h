#pragma once

#include <stdexcept>
#include <string>

namespace sallyport {

// A misuse or unusable credentials, on their way to JavaScript where they become a TlsEngineError with the same code.
// What a peer does is never a Failure: it is part of Progress.
class Failure : public std::runtime_error {
 public:
  Failure(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}
  const char* code() const { return code_; }

 private:
  const char* code_;
};

}  // namespace sallyport
