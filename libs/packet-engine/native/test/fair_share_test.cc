#include "fair_share.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <random>
#include <vector>

#include "check.h"

using namespace sallyport;

namespace {

constexpr uint64_t kMicrosecond = 1'000;
constexpr uint64_t kMillisecond = 1'000'000;

// A shard that a single first-in-first-out queue leads to. It takes batches from it, needs a time for each packet that
// it handles, and a sixteenth of that for one that it refuses.
class Node {
 public:
  static constexpr size_t kQueue = 4000;
  static constexpr size_t kBatch = 32;
  static constexpr uint64_t kPacketNs = 10'000;
  // Packets per second that it can handle.
  static constexpr double kCapacity = 1e9 / kPacketNs;
  static constexpr uint64_t kPauseNs = 20'000;
  static constexpr size_t kPacketBytes = 1000;

  struct Sender {
    // In packets per second.
    double rate = 0;
    double due = 0;
    FairShare::Claim claim;
    size_t sent = 0;
    size_t overrun = 0;
    size_t refused = 0;
    size_t handled = 0;

    // Of its demand, in packets per second.
    double got(uint64_t duration) const { return static_cast<double>(handled) * 1e9 / static_cast<double>(duration); }
    size_t lost() const { return overrun + refused; }
  };

  explicit Node(const std::vector<double>& rates) : senders_(rates.size()) {
    for (size_t i = 0; i < rates.size(); ++i) senders_[i].rate = rates[i];
  }

  void run(uint64_t duration) {
    for (const uint64_t end = now_ + duration; now_ < end;) round();
  }
  // Forgets what was counted so far, as at the end of a warm-up.
  void forget() {
    idle_ = 0;
    for (Sender& sender : senders_) sender.sent = sender.overrun = sender.refused = sender.handled = 0;
  }

  Sender& sender(size_t index) { return senders_[index]; }
  const std::vector<Sender>& senders() const { return senders_; }
  double handled(uint64_t duration) const {
    double sum = 0;
    for (const Sender& sender : senders_) sum += sender.got(duration);
    return sum;
  }
  // Time without anything to do.
  uint64_t idle() const { return idle_; }
  size_t refused() const {
    size_t sum = 0;
    for (const Sender& sender : senders_) sum += sender.refused;
    return sum;
  }

 private:
  void round() {
    const uint64_t begun = now_;
    arrive(begun);
    const size_t batch = std::min(queue_.size(), kBatch);
    if (batch == 0) {
      now_ += kPauseNs;
      idle_ += kPauseNs;
      return;
    }
    fair_.begin_round(begun);
    for (size_t i = 0; i < batch; ++i) handle(senders_[queue_[i]]);
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(batch));
    now_ += 5 * kMicrosecond;
    fair_.end_round(begun, batch == kBatch);
  }

  void handle(Sender& sender) {
    const bool admitted = fair_.admit(sender.claim, kPacketBytes);
    ++(admitted ? sender.handled : sender.refused);
    now_ += admitted ? kPacketNs : kPacketNs / 16;
  }

  // What was sent since the round before, in any order.
  void arrive(uint64_t now) {
    const double seconds = static_cast<double>(now - arrived_) / 1e9;
    arrived_ = now;
    std::vector<size_t> packets;
    for (size_t i = 0; i < senders_.size(); ++i) {
      Sender& sender = senders_[i];
      sender.due += sender.rate * seconds * std::uniform_real_distribution<>(0.5, 1.5)(random_);
      for (; sender.due >= 1; --sender.due) packets.push_back(i);
    }
    std::shuffle(packets.begin(), packets.end(), random_);
    for (const size_t i : packets) {
      ++senders_[i].sent;
      if (queue_.size() < kQueue) {
        queue_.push_back(i);
      } else {
        ++senders_[i].overrun;
      }
    }
  }

  std::mt19937 random_{7};
  FairShare fair_;
  std::vector<Sender> senders_;
  std::deque<size_t> queue_;
  uint64_t now_ = kMillisecond;
  uint64_t idle_ = 0;
  uint64_t arrived_ = now_;
};

// Textbook max-min: the poorest first, each gets what he wants or an equal part of what is left.
std::vector<double> max_min(const std::vector<double>& rates, double capacity) {
  std::vector<size_t> order(rates.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rates[a] < rates[b]; });
  std::vector<double> shares(rates.size());
  for (size_t i = 0; i < order.size(); ++i) {
    shares[order[i]] = std::min(rates[order[i]], capacity / static_cast<double>(order.size() - i));
    capacity -= shares[order[i]];
  }
  return shares;
}

constexpr uint64_t kWarmUp = 200 * kMillisecond;
constexpr uint64_t kSecond = 1000 * kMillisecond;

Node settled(const std::vector<double>& rates, uint64_t duration = kSecond) {
  Node node(rates);
  node.run(kWarmUp);
  node.forget();
  node.run(duration);
  return node;
}

bool near(double value, double wanted, double part) {
  return value > wanted * (1 - part) && value < wanted * (1 + part);
}

}  // namespace

TEST("fair share: nine light peers lose nothing to one that sends ten times as much") {
  std::vector<double> rates(10, Node::kCapacity / 14);
  rates[0] = 10 * rates[1];
  const Node node = settled(rates);
  for (size_t i = 1; i < rates.size(); ++i) CHECK(node.senders()[i].lost() == 0);
  CHECK(node.senders()[0].refused > 0);
  // What they leave is all the heavy one's.
  CHECK(near(node.senders()[0].got(kSecond), max_min(rates, node.handled(kSecond))[0], 0.02));
  CHECK(node.idle() < kSecond / 200);
}

TEST("fair share: what light peers leave unused goes to the heavy ones in equal parts, however much each sends") {
  std::vector<double> rates(12, Node::kCapacity / 40);
  rates[0] = Node::kCapacity;
  rates[1] = 2 * Node::kCapacity;
  const Node node = settled(rates);
  for (size_t i = 2; i < rates.size(); ++i) CHECK(node.senders()[i].lost() == 0);
  const double share = max_min(rates, node.handled(kSecond))[0];
  for (size_t i = 0; i < 2; ++i) CHECK(near(node.senders()[i].got(kSecond), share, 0.1));
  CHECK(node.idle() < kSecond / 200);
}

TEST("fair share: peers that all send in bulk get equal parts, and together no less than without sharing") {
  const Node node = settled({Node::kCapacity, 3 * Node::kCapacity});
  CHECK(node.idle() < kSecond / 200);
  const Node equal = settled(std::vector<double>(4, Node::kCapacity));
  CHECK(equal.handled(kSecond) > 0.94 * Node::kCapacity && equal.idle() < kSecond / 200);
}

TEST("fair share: a peer that is alone is refused nothing, however much it sends") {
  const Node node = settled({10 * Node::kCapacity});
  CHECK(node.refused() == 0 && node.senders()[0].overrun > 0);
  CHECK(node.handled(kSecond) > 0.98 * Node::kCapacity);
  // Nor from the second window on after another has gone.
  FairShare fair;
  FairShare::Claim claim;
  FairShare::Claim other;
  size_t refused = 0;
  for (uint64_t window = 1; window < 20; ++window) {
    for (int packet = 0; packet < 300; ++packet) {
      const bool admitted = fair.admit(claim, 1000);
      if (window < 9) refused += admitted ? 0 : 1;
      if (window > 9) CHECK(admitted);
      if (window < 9 && packet < 100) fair.admit(other, 1000);
    }
    fair.end_round(window * FairShare::kWindow, true);
  }
  CHECK(refused > 0);
}

TEST("fair share: while the queue is emptied now and then, nobody is refused anything") {
  CHECK(settled({0.85 * Node::kCapacity, 0.05 * Node::kCapacity, 0.01 * Node::kCapacity}).refused() == 0);
  FairShare fair;
  FairShare::Claim claim;
  FairShare::Claim other;
  uint64_t now = kMillisecond;
  for (int round = 0; round < 10'000; ++round, now += kMillisecond) {
    for (int packet = 0; packet < 40; ++packet) CHECK(fair.admit(claim, 1000));
    CHECK(fair.admit(other, 1000));
    fair.end_round(now, round % 9 != 0);
  }
}

TEST("fair share: any demands end within a tenth of their max-min shares and a hundredth of the whole") {
  std::mt19937 random(1);
  for (int run = 0; run < 30; ++run) {
    std::vector<double> rates(2 + random() % 14);
    for (double& rate : rates) rate = Node::kCapacity * std::exp2(std::uniform_real_distribution<>(-7, 0.5)(random));
    const double total = std::accumulate(rates.begin(), rates.end(), 0.0);
    const double least = Node::kCapacity * (1.2 + random() % 3);
    if (total < least) {
      for (double& rate : rates) rate *= least / total;
    }
    const Node node = settled(rates);
    CHECK(node.idle() < kSecond / 200);
    // Refusals cost time, so that the capacity is what was handled.
    const double handled = node.handled(kSecond);
    const std::vector<double> shares = max_min(rates, handled);
    for (size_t i = 0; i < rates.size(); ++i) {
      CHECK(std::abs(node.senders()[i].got(kSecond) - shares[i]) < shares[i] / 10 + handled / 100);
    }
  }
}

TEST("fair share: it follows who is heavy, and ends with the saturation") {
  std::vector<double> rates(10, Node::kCapacity / 20);
  rates[0] = 2 * Node::kCapacity;
  Node node(rates);
  node.run(kSecond);
  node.sender(0).rate = rates[1];
  node.sender(1).rate = rates[0];
  node.run(kWarmUp);
  node.forget();
  node.run(kSecond);
  CHECK(node.sender(0).lost() == 0 && node.sender(1).refused > 0);
  node.sender(1).rate = rates[1];
  node.run(kWarmUp);
  node.forget();
  node.run(kSecond);
  CHECK(node.refused() == 0 && node.sender(1).overrun == 0);
}

TEST("fair share: after a pause nothing is refused, though the round before it was full") {
  FairShare fair;
  FairShare::Claim claim;
  FairShare::Claim other;
  uint64_t now = kMillisecond;
  size_t refused = 0;
  const auto round = [&] {
    fair.begin_round(now);
    for (int packet = 0; packet < 300; ++packet) {
      refused += fair.admit(claim, 1000) ? 0 : 1;
      if (packet < 100) fair.admit(other, 1000);
    }
  };
  for (int window = 0; window < 8; ++window, now += FairShare::kWindow) {
    round();
    fair.end_round(now, true);
  }
  CHECK(refused > 0);
  refused = 0;
  // Most of them of which nobody can say whether they leave packets waiting.
  for (int pause = 0; pause < 40; ++pause) {
    now += pause < 10 ? kSecond : kMillisecond;
    round();
  }
  CHECK(refused == 0);
  // Nor does it start where it had stopped.
  fair.end_round(now, true);
  round();
  CHECK(refused == 0);
}

TEST("fair share: however many peers share a window, each gets a packet through") {
  FairShare fair;
  std::vector<FairShare::Claim> claims(5000);
  uint64_t now = kMillisecond;
  size_t refused = 0;
  for (int window = 0; window < 6; ++window) {
    fair.end_round(now += FairShare::kWindow, true);
    // The window before says that each share is less than a packet.
    const size_t bytes = window % 2 == 0 ? 40 : 1400;
    for (FairShare::Claim& claim : claims) CHECK(fair.admit(claim, bytes));
    for (int packet = 0; packet < 100; ++packet) refused += fair.admit(claims[0], 1400) ? 0 : 1;
  }
  CHECK(refused > 0);
}

TEST("fair share: a claim is eight bytes") { CHECK(sizeof(FairShare::Claim) == 8); }
