#include "prefix_table.h"

#include <random>
#include <vector>

#include "check.h"

using namespace sallyport;

namespace {

using Table = PrefixTable<4, int>;

struct Entry {
  Ipv4Prefix prefix;
  int value;
};

bool matches(const Entry& entry, const Table::Address& address) {
  for (size_t bit = 0; bit < entry.prefix.length; ++bit) {
    const uint8_t mask = static_cast<uint8_t>(0x80 >> bit % 8);
    if ((entry.prefix.address[bit / 8] ^ address[bit / 8]) & mask) return false;
  }
  return true;
}

}  // namespace

TEST("prefix table: the longest prefix wins, and a removed one no longer") {
  Table table;
  CHECK(table.find({10, 0, 0, 1}) == nullptr);
  CHECK(table.add({{0, 0, 0, 0}, 0}, 1));
  CHECK(table.add({{10, 99, 99, 99}, 8}, 2));
  CHECK(table.add({{10, 0, 0, 1}, 32}, 3));
  CHECK(!table.add({{10, 0, 0, 0}, 8}, 4));
  CHECK(*table.find({10, 0, 0, 1}) == 3);
  CHECK(*table.find({10, 0, 0, 2}) == 2);
  CHECK(*table.find({11, 0, 0, 1}) == 1);
  CHECK(table.remove({{10, 0, 0, 1}, 32}));
  CHECK(!table.remove({{10, 0, 0, 1}, 32}));
  CHECK(*table.find({10, 0, 0, 1}) == 2);
}

TEST("prefix table: gives what a search through all prefixes gives") {
  std::mt19937 random(4);
  for (int round = 0; round < 50; ++round) {
    Table table;
    std::vector<Entry> entries;
    for (int value = 0; value < 60; ++value) {
      const Entry entry{{{static_cast<uint8_t>(random() % 3), static_cast<uint8_t>(random()),
                          static_cast<uint8_t>(random()), static_cast<uint8_t>(random())},
                         static_cast<uint8_t>(random() % 33)},
                        value};
      if (table.add(entry.prefix, value)) entries.push_back(entry);
    }
    for (int look = 0; look < 500; ++look) {
      const Table::Address address = {static_cast<uint8_t>(random() % 3), static_cast<uint8_t>(random()),
                                      static_cast<uint8_t>(random()), static_cast<uint8_t>(random())};
      const Entry* best = nullptr;
      for (const Entry& entry : entries) {
        if (matches(entry, address) && (!best || entry.prefix.length > best->prefix.length)) best = &entry;
      }
      const int* found = table.find(address);
      CHECK((best == nullptr) == (found == nullptr));
      CHECK(!best || (found && *found == best->value));
    }
  }
}
