#include "tun.h"

#include "check.h"
#include "failure.h"

using namespace sallyport;

namespace {

std::string code_of(const TunOptions& options) {
  try {
    open_tun(options);
    return "none";
  } catch (const Failure& failure) {
    return failure.code();
  }
}

}  // namespace

TEST("TUN: says that the device file or the namespace is missing") {
  TunOptions options;
  options.interface_name = "spe-test0";
  options.device = "/dev/net/there-is-none";
  CHECK(code_of(options) == "no-tun-device");
  options.name_space = "there-is-none";
  CHECK(code_of(options) == "namespace-missing");
}
