#include "check.h"
#include "down_fixture.h"
#include "dscp.h"

using namespace down_fixture;

TEST("down path: congestion marks are copied outward, and a change of them ends a train") {
  Setup path;
  std::vector<Bytes> packets;
  for (const uint8_t traffic_class : {0xb8, 0xb8, 0xba, 0xba, 0xbb, 0xb8}) {
    packets.push_back(make({.traffic_class = traffic_class}));
    path.write(packets.back());
  }
  path.forward();
  CHECK(path.arrive(packets));
  CHECK(path.kernel.taken.size() == 4);
  CHECK(path.kernel.taken.at(0).traffic_class == -1 && path.kernel.taken.at(1).traffic_class == 2);
  CHECK(path.kernel.taken.at(2).traffic_class == 3 && path.kernel.taken.at(3).traffic_class == -1);
}

TEST("down path: the outer DSCP is the inner one, or the listener's own, as the kernel sends it") {
  for (const bool ipv6 : {false, true}) {
    for (const Dscp dscp : {Dscp{true, 0}, Dscp{false, 10}}) {
      Setup path(*EndPoint::parse("::", 0), dscp);
      const UdpSocket far(*EndPoint::parse(ipv6 ? "::1" : "127.0.0.1", 0));
      const int on = 1;
      setsockopt(far.fd(), IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
      if (ipv6) setsockopt(far.fd(), IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on);
      path.peer().path.remote = *far.local().for_family(AF_INET6);
      for (const uint8_t inner : {0xb8, 0x01}) {
        path.write(make({.traffic_class = inner}));
        path.forward();
        uint8_t byte;
        iovec vector{&byte, 1};
        alignas(cmsghdr) uint8_t control[256];
        msghdr header{nullptr, 0, &vector, 1, control, sizeof control, 0};
        CHECK(recvmsg(far.fd(), &header, 0) == 1);
        int seen = -1;
        for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
          const bool tos = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TOS;
          const bool tclass = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_TCLASS;
          if (tos || tclass) seen = *CMSG_DATA(part);
        }
        CHECK(seen == (dscp.copied ? inner : (40 | (inner & 3))));
      }
    }
  }
}
