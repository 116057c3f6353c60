#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace corchestra::detail {

/// A set of numbers below a bound that gives its least: a bit each, and over them a bit for each word that is not zero,
/// and so on. Both operations touch one word a level; a million numbers have four levels.
class index_set {
 public:
  explicit index_set(std::size_t bound) {
    do {
      bound = (bound + 63) / 64;
      levels_.emplace_back(bound);
    } while (bound > 1);
  }

  void insert(std::uint32_t n) {
    std::size_t i = n;
    for (auto& level : levels_) {
      std::uint64_t& word = level[i / 64];
      const bool known = word != 0;
      word |= std::uint64_t{1} << (i % 64);
      if (known) return;
      i /= 64;
    }
  }

  bool empty() const { return levels_.back().empty() || levels_.back()[0] == 0; }

  /// Takes the least out; there must be one.
  std::uint32_t pop() {
    std::size_t i = 0;
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      i = i * 64 + static_cast<std::size_t>(std::countr_zero((*level)[i]));
    }
    const auto least = static_cast<std::uint32_t>(i);
    for (auto& level : levels_) {
      std::uint64_t& word = level[i / 64];
      word &= ~(std::uint64_t{1} << (i % 64));
      if (word != 0) break;
      i /= 64;
    }
    return least;
  }

 private:
  std::vector<std::vector<std::uint64_t>> levels_;  // the bits first
};

}  // namespace corchestra::detail
