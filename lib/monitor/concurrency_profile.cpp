#include "monitor/concurrency_profile.hpp"

#include <algorithm>
#include <utility>

namespace corchestra::detail {

std::vector<concurrency_step> concurrency_profile(const timeline& t) {
  std::vector<std::pair<time_point, int>> changes;
  for (const auto& e : t.entries) {
    if (!e.started_at) continue;
    changes.emplace_back(*e.started_at, 1);
    if (e.ended_at) changes.emplace_back(*e.ended_at, -1);
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<concurrency_step> out;
  std::ptrdiff_t running = 0;
  for (std::size_t i = 0; i < changes.size();) {
    const time_point at = changes[i].first;
    for (; i < changes.size() && changes[i].first == at; ++i) running += changes[i].second;
    const auto now = static_cast<std::size_t>(std::max<std::ptrdiff_t>(running, 0));
    if (out.empty() || out.back().running != now) out.push_back({at, now});
  }
  return out;
}

std::size_t peak_of(const std::vector<concurrency_step>& profile) {
  std::size_t peak = 0;
  for (const auto& s : profile) peak = std::max(peak, s.running);
  return peak;
}

}  // namespace corchestra::detail
