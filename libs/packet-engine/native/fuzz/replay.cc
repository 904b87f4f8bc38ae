#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz_target.h"

namespace {

std::string running;

void name_it() {
  constexpr char kWhat[] = "while it took ";
  if (write(STDERR_FILENO, kWhat, sizeof kWhat - 1) < 0) return;
  if (write(STDERR_FILENO, running.data(), running.size()) < 0) return;
  if (write(STDERR_FILENO, "\n", 1) < 0) return;
}

}  // namespace

// Feeds every file of a folder to the fuzz target that it is linked with, so that a corpus is tested without clang. The
// file that breaks an invariant is named.
int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
    return 2;
  }
  // A sanitizer's report, and an invariant of the target's own.
  __sanitizer_set_death_callback(name_it);
  signal(SIGABRT, [](int) { name_it(); });
  size_t inputs = 0;
  try {
    for (const auto& entry : std::filesystem::directory_iterator(arguments[1])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const fuzz::Bytes bytes{std::istreambuf_iterator<char>(file), {}};
      running = entry.path().string();
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      ++inputs;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "threw: %s\n", error.what());
    name_it();
    return 1;
  }
  std::printf("%s: %zu inputs\n", arguments[1], inputs);
  return inputs == 0 ? 1 : 0;
}
