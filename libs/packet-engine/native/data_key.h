#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "packet_format.h"

namespace sallyport {

// The pair of keys of one key id: sealing towards the peer, opening with replay protection, and what their owner wants
// to hear of them.
class DataKey {
 public:
  // Throws Failure `bad-key-length` or `crypto-failed`.
  explicit DataKey(const KeyMaterial& material);

  uint8_t key_id() const { return key_id_; }
  // Its place among the keys that its peer was given: the later one has the larger number.
  uint64_t generation() const { return generation_; }
  void set_generation(uint64_t generation) { generation_ = generation; }

  // What `seal` puts before and behind each plaintext.
  const Overhead& overhead() const { return overhead_; }
  // `packet` holds the plaintext and then, when ok, the whole packet.
  Sealed seal(uint32_t peer_id, PacketBuffer& packet);
  // Decrypts in place.
  Opened open(std::span<uint8_t> packet);

  // Each reason why the key must soon be replaced, once.
  std::optional<LimitReason> take_limit_notice();
  // Whether somebody waits to hear that the peer uses this key.
  void await_first_use(bool awaited) { first_use_awaited_ = awaited; }
  // True once, after a packet was opened, when it was awaited.
  bool take_first_use();

 private:
  std::unique_ptr<PacketFormat> format_;
  uint8_t key_id_;
  uint64_t generation_ = 0;
  Overhead overhead_;
  bool lzo_byte_;
  bool used_ = false;
  bool first_use_awaited_ = false;
  TrafficLimits limits_;
  Traffic sealed_;
  Traffic opened_;
  LimitReasons noticed_;
};

}  // namespace sallyport
