#include "replay_window.h"

#include <random>
#include <set>
#include <vector>

#include "check.h"

using sallyport::ReplayWindow;

namespace {

constexpr uint64_t kIds = ReplayWindow::kIds;

// The slow, obvious form: remembers every id.
class Model {
 public:
  bool fresh(uint32_t id) const {
    const bool too_old = uint64_t{id} + kIds <= newest_;
    return id != 0 && !too_old && !seen_.contains(id);
  }
  void accept(uint32_t id) {
    seen_.insert(id);
    newest_ = std::max(newest_, id);
  }

 private:
  std::set<uint32_t> seen_;
  uint32_t newest_ = 0;
};

bool take(ReplayWindow& window, uint64_t id) {
  if (!window.fresh(id)) return false;
  window.accept(id);
  return true;
}

}  // namespace

TEST("replay window: a table of ids, the boundaries included") {
  struct Step {
    uint32_t id;
    bool fresh;
  };
  const std::vector<Step> steps = {{0, false},
                                   {1, true},
                                   {1, false},
                                   {0, false},
                                   {9, true},
                                   {8, true},
                                   {7, true},
                                   {7, false},
                                   {6, true},
                                   {5, true},
                                   {kIds, true},
                                   {kIds, false},
                                   {2, true},
                                   {kIds + 1, true},
                                   {3, true},
                                   {2, false},
                                   {1, false},
                                   {kIds + 64, true},
                                   {64, false},
                                   {65, true},
                                   {65, false},
                                   {3 * kIds, true},
                                   {2 * kIds, false},
                                   {2 * kIds + 1, true},
                                   {2 * kIds + 1, false},
                                   {3 * kIds - 1, true},
                                   {0xFFFFFF00, true},
                                   {3 * kIds, false},
                                   {0xFFFFFFFE, true},
                                   {0xFFFFFFFF, true},
                                   {0xFFFFFFFF, false},
                                   {0xFFFFFFFE, false},
                                   {0xFFFFFFFD, true},
                                   {0xFFFFFFFF - kIds, false},
                                   {0xFFFFFFFF - kIds + 1, true},
                                   {0xFFFFFFFF - kIds + 1, false},
                                   {0, false}};
  ReplayWindow window;
  for (const Step& step : steps) CHECK(take(window, step.id) == step.fresh);
}

TEST("replay window: ids of 48 bits are told from those that share their low half") {
  ReplayWindow window;
  const uint64_t high = uint64_t{1} << 40;
  CHECK(take(window, high + 5));
  CHECK(window.newest() == high + 5);
  CHECK(!take(window, 5));
  CHECK(take(window, high + 4));
  CHECK(take(window, 2 * high + 4));
  CHECK(!take(window, high + 6));
}

TEST("replay window: asking does not move it") {
  ReplayWindow window;
  CHECK(window.fresh(100000));
  CHECK(take(window, 1));
  CHECK(window.fresh(100000));
  CHECK(window.fresh(2));
}

TEST("replay window: agrees with a slow model on random walks") {
  std::mt19937 random(20261);
  for (int walk = 0; walk < 60; ++walk) {
    ReplayWindow window;
    Model model;
    uint64_t newest = walk % 3 == 0 ? 0xFFFFFFFF - 20000 : 1;
    for (int step = 0; step < 4000; ++step) {
      const uint32_t jump = random() % 100;
      const uint64_t stride = jump < 70 ? random() % 3 : jump < 97 ? random() % 200 : random() % (3 * kIds);
      newest = std::min<uint64_t>(newest + stride, 0xFFFFFFFF);
      const uint64_t back = random() % 2 == 0 ? random() % 8 : random() % (kIds + 70);
      const auto id = static_cast<uint32_t>(newest > back ? newest - back : 0);
      const bool expected = model.fresh(id);
      CHECK(window.fresh(id) == expected);
      // A packet that fails authentication is asked for but never accepted.
      if (!expected || random() % 10 == 0) continue;
      window.accept(id);
      model.accept(id);
    }
  }
}
