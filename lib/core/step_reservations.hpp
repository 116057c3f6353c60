#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <corchestra/core/budget.hpp>
#include <corchestra/core/event.hpp>

namespace corchestra::detail {

/// Reservations of running attempts for single steps: those that are held, and those that stand in line. Keeps no sums.
class step_reservations {
 public:
  using id = std::uint64_t;
  struct entry {
    task_index task = no_task;
    budget_amount amount, covered;  // covered: by what its task had reserved before
    std::int64_t priority = 0;
    bool waits = true;
  };

  id add(entry e) {
    const id i = ++last_;
    if (e.waits) line_.emplace(-e.priority, i);
    all_.emplace(i, e);
    return i;
  }
  entry* find(id i) {
    const auto it = all_.find(i);
    return it == all_.end() ? nullptr : &it->second;
  }
  void grant(id i, const budget_amount& covered) {
    entry& e = all_.at(i);
    e.covered = covered;
    e.waits = false;
    line_.erase({-e.priority, i});
  }
  void erase(id i) {
    const auto it = all_.find(i);
    if (it == all_.end()) return;
    if (it->second.waits) line_.erase({-it->second.priority, i});
    all_.erase(it);
  }

  /// A place in the line, which goes by priority, then by who asked first.
  using place = std::pair<std::int64_t, id>;
  static constexpr place front{std::numeric_limits<std::int64_t>::min(), 0};
  /// The next one that stands there; places stay valid when those before them have left.
  std::optional<place> next(const place& after) const {
    const auto it = line_.upper_bound(after);
    return it == line_.end() ? std::nullopt : std::optional(*it);
  }
  std::vector<id> of(task_index task) const {
    std::vector<id> out;
    for (const auto& [i, e] : all_) {
      if (e.task == task) out.push_back(i);
    }
    return out;
  }
  std::size_t waiting() const noexcept { return line_.size(); }
  std::size_t held() const noexcept { return all_.size() - line_.size(); }

 private:
  std::map<id, entry> all_;
  std::set<place> line_;
  id last_ = 0;
};

}  // namespace corchestra::detail
