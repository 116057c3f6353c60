#pragma once

#include <cstdint>
#include <optional>
#include <random>

namespace corchestra::batch {

/// Which requests of a file are wanted: all, the first ones, or some anywhere (Knuth's algorithm S: the same seed
/// chooses the same). Asked for each index in order. Pure.
class selection {
 public:
  selection(std::uint64_t requests, std::optional<std::uint64_t> limit, std::optional<std::uint64_t> sample,
            std::uint64_t seed)
      : left_(limit && *limit < requests ? *limit : requests), needed_(sample ? *sample : left_), random_(seed) {}

  /// None of those that follow is.
  bool exhausted() const noexcept { return left_ == 0 || needed_ == 0; }
  bool wants_next() {
    if (exhausted()) return false;
    const bool chosen = needed_ >= left_ || random_() % left_ < needed_;
    --left_;
    if (chosen) --needed_;
    return chosen;
  }

 private:
  std::uint64_t left_, needed_;
  std::mt19937_64 random_;
};

}  // namespace corchestra::batch
