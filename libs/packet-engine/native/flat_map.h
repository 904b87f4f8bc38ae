#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sallyport {

// Spreads all bits of a number over all bits of the result (the finisher of MurmurHash3).
constexpr uint64_t mix_bits(uint64_t number) {
  number = (number ^ number >> 33) * 0xff51afd7ed558ccd;
  number = (number ^ number >> 33) * 0xc4ceb9fe1a85ec53;
  return number ^ number >> 33;
}

// A hash table in one piece of memory, at most half full, so that a look-up mostly reads one cache line. Entries move
// when others come and go. `Hash` must spread keys over all bits.
template <class Key, class Value, class Hash>
class FlatMap {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // nullptr when the key is not there.
  const Value* find(const Key& key) const {
    if (empty()) return nullptr;
    const Entry& entry = entries_[place_of(key)];
    return entry.used ? &entry.value : nullptr;
  }

  // False, and `value` is left alone, when the key is there already.
  bool add(const Key& key, Value&& value) {
    if (2 * (size_ + 1) > entries_.size()) grow();
    Entry& entry = entries_[place_of(key)];
    if (entry.used) return false;
    entry = {key, true, std::move(value)};
    ++size_;
    return true;
  }

  bool remove(const Key& key) {
    if (empty()) return false;
    size_t hole = place_of(key);
    if (!entries_[hole].used) return false;
    // What lies behind the hole, up to the next free place, may have been pushed there by what leaves it.
    for (size_t at = next(hole); entries_[at].used; at = next(at)) {
      if (distance(home_of(entries_[at].key), at) < distance(hole, at)) continue;
      entries_[hole] = std::move(entries_[at]);
      hole = at;
    }
    entries_[hole] = {};
    --size_;
    return true;
  }

  void clear() {
    entries_.clear();
    size_ = 0;
  }

  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const Entry& entry : entries_) {
      if (entry.used) visit(entry.value);
    }
  }

 private:
  struct Entry {
    Key key{};
    bool used = false;
    Value value{};
  };
  static constexpr size_t kLeastEntries = 8;

  size_t home_of(const Key& key) const { return Hash{}(key) & (entries_.size() - 1); }
  size_t next(size_t place) const { return (place + 1) & (entries_.size() - 1); }
  size_t distance(size_t from, size_t to) const { return (to - from) & (entries_.size() - 1); }

  // Where the key is, or else the free place where it belongs; there always is one.
  size_t place_of(const Key& key) const {
    size_t place = home_of(key);
    while (entries_[place].used && entries_[place].key != key) place = next(place);
    return place;
  }

  void grow() {
    std::vector<Entry> before(std::max(kLeastEntries, 2 * entries_.size()));
    before.swap(entries_);
    for (Entry& entry : before) {
      if (entry.used) entries_[place_of(entry.key)] = std::move(entry);
    }
  }

  // As many as a power of two, or none.
  std::vector<Entry> entries_;
  size_t size_ = 0;
};

}  // namespace sallyport
