#include "core/run_tally.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace corchestra::detail {

namespace {

/// However (k-1)*P+1 tasks are dealt to P slots, one slot gets k of them: so the k shortest among the (k-1)*P+1 longest
/// are a lower bound, for every k. Three equal tasks on two slots: two of them share a slot. One of two slots counts as
/// two tasks. `longest_first` is sorted, and may be the begin of a longer list: what larger k would add to the share of each
/// slot is less than slots / (length of this begin) of it.
duration pigeonhole(std::span<const duration> longest_first, std::size_t slots) {
  duration best{}, all{};
  if (slots == 0) return best;
  std::vector<duration> prefix;
  prefix.reserve(longest_first.size() + 1);
  prefix.push_back(all);
  for (const duration d : longest_first) prefix.push_back(all += d);
  for (std::size_t k = 1; (k - 1) * slots < longest_first.size(); ++k) {
    const std::size_t longest = (k - 1) * slots + 1;
    best = std::max(best, prefix[longest] - prefix[longest - k]);
  }
  return best;
}

}  // namespace

run_metrics run_tally::at(duration wall) {
  const auto per = [](duration d, std::size_t n) { return n == 0 ? duration{} : d / static_cast<std::int64_t>(n); };
  run_metrics out = sums_;
  out.wall = wall;
  if (started_ > 0) out.average_wait = duration(static_cast<std::int64_t>(waited_ / static_cast<wide>(started_)));
  out.executed_tasks = executed_;
  out.average_execution = per(out.sequential, executed_);
  const duration packed = durations_.size() <= out.slots ? durations_.longest() : pigeonhole(durations_.sorted(), out.slots);
  out.lower_bound = std::max({out.longest_path, per(out.slot_time, out.slots), packed});
  return out;
}

}  // namespace corchestra::detail
