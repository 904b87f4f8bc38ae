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
#include <utility>

#include "failure.h"

namespace sallyport {

namespace {

constexpr int kTransmitQueuePackets = 1000;

// TUN_F_USO4 and TUN_F_USO6, which headers older than Linux 6.2 do not name.
constexpr unsigned kUdpSegmentation = 0x20 | 0x40;

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

FileDescriptor open_device(const TunOptions& options) {
  FileDescriptor device(open(options.device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (device.valid()) return device;
  if (errno == EACCES || errno == EPERM) throw not_permitted("opening " + options.device, "CAP_NET_ADMIN");
  if (errno == ENOENT || errno == ENODEV || errno == ENXIO) {
    throw Failure("no-tun-device", "there is no " + options.device +
                                       ": load the module (modprobe tun) or give the container the device");
  }
  throw system_failure("open " + options.device, errno);
}

void attach(const FileDescriptor& device, const std::string& name, int flags) {
  ifreq request = request_for(name);
  request.ifr_flags = static_cast<short>(flags);
  if (ioctl(device.get(), TUNSETIFF, &request) == 0) return;
  if (errno == EPERM) throw not_permitted("creating interface " + name, "CAP_NET_ADMIN");
  if (errno == EBUSY || errno == EEXIST) {
    throw Failure("interface-exists", "interface " + name + " exists: delete it with `ip link delete " + name +
                                          "` or stop the program that made it");
  }
  throw system_failure("create interface " + name, errno);
}

// What this kernel knows of the flags that make packets cheap.
int known_flags(const FileDescriptor& device, size_t queues) {
  unsigned features = 0;
  if (ioctl(device.get(), TUNGETFEATURES, &features) != 0) return 0;
  const unsigned wanted = IFF_VNET_HDR | (queues > 1 ? IFF_MULTI_QUEUE : 0);
  return static_cast<int>(features & wanted);
}

// Each step may be refused by itself: UDP came with Linux 6.2.
TunOffload set_offload(const FileDescriptor& device) {
  constexpr unsigned kTcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  const auto set = [&device](unsigned offload) { return ioctl(device.get(), TUNSETOFFLOAD, offload) == 0; };
  if (set(kTcp | kUdpSegmentation)) return TunOffload::tcp_udp;
  if (set(kTcp)) return TunOffload::tcp;
  return set(TUN_F_CSUM) ? TunOffload::checksum : TunOffload::none;
}

std::vector<TunDevice> create(const TunOptions& options, size_t queues) {
  const std::string& name = options.interface_name;
  FileDescriptor device = open_device(options);
  const int known = known_flags(device, queues);
  const int flags = IFF_TUN | IFF_NO_PI | known;
  attach(device, name, flags | IFF_TUN_EXCL);
  set_transmit_queue(name);
  const bool virtio = (known & IFF_VNET_HDR) != 0;
  if (virtio) {
    const int header_bytes = sizeof(VirtioHeader);
    if (ioctl(device.get(), TUNSETVNETHDRSZ, &header_bytes) != 0) throw system_failure("set up " + name, errno);
  }
  const TunOffload offload = virtio ? set_offload(device) : TunOffload::none;
  std::vector<TunDevice> opened;
  opened.emplace_back(std::move(device), virtio, offload);
  while ((known & IFF_MULTI_QUEUE) != 0 && opened.size() < queues) {
    FileDescriptor queue = open_device(options);
    attach(queue, name, flags);
    opened.emplace_back(std::move(queue), virtio, offload);
  }
  return opened;
}

}  // namespace

std::vector<TunDevice> open_tun(const TunOptions& options, size_t queues) {
  if (!options.name_space) return create(options, queues);
  // setns moves the calling thread for good, so that thread must be one that ends here.
  std::packaged_task<std::vector<TunDevice>()> task([&options, queues] {
    enter_namespace(options);
    return create(options, queues);
  });
  std::future<std::vector<TunDevice>> devices = task.get_future();
  std::thread(std::move(task)).join();
  return devices.get();
}

}  // namespace sallyport
