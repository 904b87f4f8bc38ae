#include "tun.h"

#include "check.h"
#include "refusal.h"

using namespace sallyport;
using fixture::code_of;

TEST("TUN: says that the device file or the namespace is missing") {
  TunOptions options;
  options.interface_name = "spe-test0";
  options.device = "/dev/net/there-is-none";
  CHECK(code_of([&] { open_tun(options); }) == "no-tun-device");
  options.name_space = "there-is-none";
  CHECK(code_of([&] { open_tun(options); }) == "namespace-missing");
}
