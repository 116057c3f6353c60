#pragma once

#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include <corchestra/llm/limiter.hpp>

namespace corchestra::llm {

/// Calls that wait for something that may not come, and since when.
class long_waits {
 public:
  /// Once it waits already, nothing happens.
  void begin(limiter::call_id call, time_point now) {
    if (since_.try_emplace(call, now).second) in_order_.emplace(now, call);
  }
  void end(limiter::call_id call) {
    const auto it = since_.find(call);
    if (it == since_.end()) return;
    in_order_.erase({it->second, call});
    since_.erase(it);
  }
  void clear() noexcept {
    since_.clear();
    in_order_.clear();
  }

  /// When the one that has waited longest will have waited so long; time_point::max() when none waits.
  time_point due(duration after) const noexcept {
    return in_order_.empty() ? time_point::max() : in_order_.begin()->first + after;
  }
  /// That one. There must be one.
  limiter::call_id longest() const noexcept { return in_order_.begin()->second; }

 private:
  std::unordered_map<limiter::call_id, time_point> since_;
  std::set<std::pair<time_point, limiter::call_id>> in_order_;
};

}  // namespace corchestra::llm
