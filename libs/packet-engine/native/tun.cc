#include "tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <thread>

#include "failure.h"

namespace sallyport {

namespace {

constexpr int kTransmitQueuePackets = 1000;

Failure not_permitted(const std::string& what, const char* capability) {
  return Failure("not-permitted", what + " needs root (" + capability + ")");
}

void enter_namespace(const TunOptions& options) {
  const std::string& name = *options.name_space;
  const std::string path = options.namespace_directory + "/" + name;
  const FileDescriptor handle(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!handle.valid() && errno == ENOENT) {
    throw Failure("namespace-missing",
                  "network namespace " + name + " does not exist: create it with `ip netns add " + name + "`");
  }
  if (!handle.valid()) throw system_failure("open " + path, errno);
  if (setns(handle.get(), CLONE_NEWNET) == 0) return;
  if (errno == EPERM) throw not_permitted("entering network namespace " + name, "CAP_SYS_ADMIN");
  if (errno == EINVAL) throw Failure("namespace-missing", path + " is not a network namespace: recreate it");
  throw system_failure("enter network namespace " + name, errno);
}

ifreq request_for(const std::string& interface_name) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface_name.c_str(), IFNAMSIZ - 1);
  return request;
}

// The default of 500 packets overflows when a sender delivers a burst.
void set_transmit_queue(const std::string& interface_name) {
  const FileDescriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(interface_name);
  request.ifr_qlen = kTransmitQueuePackets;
  if (!control.valid() || ioctl(control.get(), SIOCSIFTXQLEN, &request) != 0) {
    throw system_failure("set the queue length of " + interface_name, errno);
  }
}

FileDescriptor create(const TunOptions& options) {
  const std::string& name = options.interface_name;
  FileDescriptor device(open(options.device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!device.valid()) {
    if (errno == EACCES || errno == EPERM) throw not_permitted("opening " + options.device, "CAP_NET_ADMIN");
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO) {
      throw Failure("no-tun-device", "there is no " + options.device +
                                         ": load the module (modprobe tun) or give the container the device");
    }
    throw system_failure("open " + options.device, errno);
  }
  ifreq request = request_for(name);
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL);
  if (ioctl(device.get(), TUNSETIFF, &request) != 0) {
    if (errno == EPERM) throw not_permitted("creating interface " + name, "CAP_NET_ADMIN");
    if (errno == EBUSY || errno == EEXIST) {
      throw Failure("interface-exists", "interface " + name + " exists: delete it with `ip link delete " + name +
                                            "` or stop the program that made it");
    }
    throw system_failure("create interface " + name, errno);
  }
  set_transmit_queue(name);
  return device;
}

}  // namespace

FileDescriptor open_tun(const TunOptions& options) {
  if (!options.name_space) return create(options);
  // setns moves the calling thread for good, so that thread must be one that ends here.
  std::packaged_task<FileDescriptor()> task([&options] {
    enter_namespace(options);
    return create(options);
  });
  std::future<FileDescriptor> device = task.get_future();
  std::thread(std::move(task)).join();
  return device.get();
}

}  // namespace sallyport
