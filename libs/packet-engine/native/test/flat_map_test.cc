#include "flat_map.h"

#include <memory>
#include <random>
#include <unordered_map>

#include "check.h"

using namespace sallyport;

namespace {

// Puts many keys into the same place.
struct CrowdedHash {
  uint64_t operator()(uint32_t key) const { return key % 5 * 3; }
};
struct GoodHash {
  uint64_t operator()(uint32_t key) const { return mix_bits(key); }
};

template <class Hash>
void compare_with_reference(uint32_t keys) {
  std::mt19937 random(3);
  FlatMap<uint32_t, std::unique_ptr<uint32_t>, Hash> map;
  std::unordered_map<uint32_t, uint32_t> reference;
  for (int step = 0; step < 20000; ++step) {
    const uint32_t key = random() % keys;
    if (random() % 2 == 0) {
      const auto value = static_cast<uint32_t>(step);
      CHECK(map.add(key, std::make_unique<uint32_t>(value)) == reference.try_emplace(key, value).second);
    } else {
      CHECK(map.remove(key) == (reference.erase(key) == 1));
    }
    CHECK(map.size() == reference.size());
    const uint32_t look = random() % keys;
    const auto* found = map.find(look);
    const auto expected = reference.find(look);
    CHECK((found != nullptr) == (expected != reference.end()));
    CHECK(found == nullptr || expected == reference.end() || **found == expected->second);
  }
  size_t visited = 0;
  map.for_each([&](const auto& value) { visited += value != nullptr; });
  CHECK(visited == reference.size());
  map.clear();
  CHECK(map.empty() && map.find(1) == nullptr && !map.remove(1));
}

}  // namespace

TEST("flat map: gives what an ordinary map gives, with good hashes and with bad ones") {
  compare_with_reference<GoodHash>(40);
  compare_with_reference<GoodHash>(3000);
  compare_with_reference<CrowdedHash>(40);
  compare_with_reference<CrowdedHash>(200);
}

TEST("flat map: a value that finds its key taken stays with its owner") {
  FlatMap<uint32_t, std::unique_ptr<int>, GoodHash> map;
  CHECK(map.add(1, std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  CHECK(!map.add(1, std::move(second)));
  CHECK(second && *second == 2 && **map.find(1) == 1);
}
