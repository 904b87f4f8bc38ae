#pragma once

#include <string>

#include "failure.h"

namespace fixture {

// The code of the Failure that the body throws, «none» when it throws nothing.
template <class Body>
std::string code_of(Body body) {
  try {
    body();
    return "none";
  } catch (const sallyport::Failure& failure) {
    return failure.code();
  }
}

}  // namespace fixture
