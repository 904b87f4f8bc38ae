#include "steering.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>

#include "packet_format.h"

namespace sallyport {

namespace {

constexpr uint32_t kPeerIdMask = 0xffffff;

}  // namespace

// Offsets count from the payload of the datagram. A packet that is too short for a load ends the program with 0.
bool steer_by_peer_id(int fd, size_t sockets) {
  std::array<sock_filter, 8> program = {{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 3),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kOpcodeDataV2, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kPeerIdMask),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, static_cast<uint32_t>(sockets)),
      BPF_STMT(BPF_RET | BPF_A, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog filter{program.size(), program.data()};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) == 0;
}

}  // namespace sallyport
