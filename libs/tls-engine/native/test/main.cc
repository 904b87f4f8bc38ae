#include <exception>

#include "check.h"

int main() {
  int failed = 0;
  for (const check::Test& test : check::tests()) {
    const int before = check::failures();
    try {
      test.body();
    } catch (const std::exception& error) {
      ++check::failures();
      std::printf("  threw: %s\n", error.what());
    }
    const bool good = check::failures() == before;
    std::printf("%s %s\n", good ? "ok  " : "FAIL", test.name.c_str());
    if (!good) ++failed;
  }
  std::printf("%zu passed, %d failed\n", check::tests().size() - static_cast<size_t>(failed), failed);
  return failed == 0 ? 0 : 1;
}
