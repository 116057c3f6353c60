#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <corchestra/base/time.hpp>

namespace corchestra::detail {

inline double rank_sum(double a, double b) noexcept { return a + b; }
inline duration rank_sum(duration a, duration b) noexcept { return a > duration::max() - b ? duration::max() : a + b; }

/// Upward ranks (HEFT): a task's own weight plus the greatest rank of those that need it. Weights are not below zero; a
/// rank is a double or a duration. Tasks are the numbers below ranks.size().
///
/// Along the needs, when a topological order is known: `at(k)` is its k-th task, `needs_of(t)` a range of tasks.
template <class Rank, class At, class NeedsOf, class WeightOf>
void upward_ranks_in_order(std::span<Rank> ranks, const At& at, const NeedsOf& needs_of, const WeightOf& weight_of) {
  std::fill(ranks.begin(), ranks.end(), Rank{});
  for (std::size_t k = ranks.size(); k-- > 0;) {
    const std::uint32_t t = at(k);
    ranks[t] = rank_sum(ranks[t], weight_of(t));
    for (const std::uint32_t up : needs_of(t)) ranks[up] = std::max(ranks[up], ranks[t]);
  }
}

/// Along the dependants: `dependants_of(t)` is a range of the tasks that need t. One pass from the last task to the
/// first when every task comes after what it needs; otherwise one more to find an order. Tasks in a cycle, and those
/// they need, have rank zero.
template <class Rank, class DependantsOf, class WeightOf>
void upward_ranks(std::span<Rank> ranks, const DependantsOf& dependants_of, const WeightOf& weight_of) {
  const auto rank = [&](std::uint32_t t) {
    Rank most{};
    for (const std::uint32_t d : dependants_of(t)) most = std::max(most, ranks[d]);
    ranks[t] = rank_sum(most, weight_of(t));
  };
  bool listed_in_order = true;
  for (auto t = static_cast<std::uint32_t>(ranks.size()); listed_in_order && t-- > 0;) {
    for (const std::uint32_t d : dependants_of(t)) listed_in_order = listed_in_order && d > t;
    if (listed_in_order) rank(t);
  }
  if (listed_in_order) return;

  std::vector<std::uint32_t> missing(ranks.size()), order;
  order.reserve(ranks.size());
  std::fill(ranks.begin(), ranks.end(), Rank{});
  for (std::uint32_t t = 0; t < ranks.size(); ++t) {
    for (const std::uint32_t d : dependants_of(t)) ++missing[d];
  }
  for (std::uint32_t t = 0; t < ranks.size(); ++t) {
    if (missing[t] == 0) order.push_back(t);
  }
  for (std::size_t k = 0; k < order.size(); ++k) {
    for (const std::uint32_t d : dependants_of(order[k])) {
      if (--missing[d] == 0) order.push_back(d);
    }
  }
  for (auto t = order.rbegin(); t != order.rend(); ++t) rank(*t);
}

}  // namespace corchestra::detail
