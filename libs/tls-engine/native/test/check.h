#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

// A test framework of the size of this file: TEST registers a named body, CHECK reports and goes on.
namespace check {

struct Test {
  std::string name;
  std::function<void()> body;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

struct Registration {
  Registration(const char* name, std::function<void()> body) { tests().push_back({name, std::move(body)}); }
};

inline void report(bool good, const char* expression, const char* file, int line) {
  if (good) return;
  ++failures();
  std::printf("  %s:%d: %s is false\n", file, line, expression);
}

}  // namespace check

#define CHECK(expression) check::report(static_cast<bool>(expression), #expression, __FILE__, __LINE__)
#define CHECK_JOIN_NOW(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN_NOW(a, b)
#define TEST(name)                                                                                     \
  static void CHECK_JOIN(test_, __LINE__)();                                                           \
  static const check::Registration CHECK_JOIN(register_, __LINE__)(name, CHECK_JOIN(test_, __LINE__)); \
  static void CHECK_JOIN(test_, __LINE__)()
