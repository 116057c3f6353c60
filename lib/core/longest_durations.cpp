#include "core/longest_durations.hpp"

#include <algorithm>
#include <functional>

namespace corchestra::detail {

std::span<const duration> longest_durations::sorted() {
  if (sorted_ < kept_.size()) {
    const auto middle = kept_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    std::sort(middle, kept_.end(), std::greater<>());
    if (sorted_ > 0) {
      decltype(kept_) all(kept_.size());
      std::merge(kept_.begin(), middle, middle, kept_.end(), all.begin(), std::greater<>());
      kept_ = std::move(all);
    }
    sorted_ = kept_.size();
  }
  return std::span<const duration>(kept_.data(), std::min(kept_.size(), most));
}

void longest_durations::drop_the_shorter() {
  std::nth_element(kept_.begin(), kept_.begin() + (most - 1), kept_.end(), std::greater<>());
  kept_.resize(most);
  too_short_ = kept_.back();
  sorted_ = 0;
}

}  // namespace corchestra::detail
