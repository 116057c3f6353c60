#pragma once

#include <map>
#include <optional>

#include <corchestra/core/event.hpp>

#include "monitor/eta.hpp"

namespace corchestra::detail {

/// A task that has not ended.
struct tracked_task {
  std::string id, agent;
  std::size_t index = 0;  ///< in order of submission
  task_state state = task_state::pending;
  wait_reason waiting = wait_reason::none;
  std::uint32_t attempt = 0;
  time_point started{};
  std::optional<double> progress;  ///< unknown until the agent reports some
  std::string message;
  std::int64_t tokens = 0;
  std::uint64_t start_order = 0;  ///< its place in `running()`; 0 while it does not run
  eta_estimator::type_stats* type = nullptr;
};

/// The console's picture of a run: a fold over events that keeps only what has not ended, and sums of the rest.
class run_tracker {
 public:
  struct totals {
    std::size_t tasks = 0, ended = 0, completed = 0, failed = 0, cancelled = 0, skipped = 0, running = 0;
    std::int64_t tokens = 0;
    std::size_t waiting() const noexcept { return tasks - ended - running; }
  };

  void operator()(const event& e);

  const totals& counts() const noexcept { return counts_; }
  const tracked_task* find(std::string_view id) const;
  /// Oldest first.
  const std::map<std::uint64_t, const tracked_task*>& running() const noexcept { return running_; }

  bool analyzing() const noexcept { return analyzing_; }
  bool started() const noexcept { return started_; }
  bool draining() const noexcept { return draining_; }
  time_point begin() const noexcept { return begin_; }  ///< of the run, or of the analysis before it
  std::optional<duration> eta(time_point now) const;

 private:
  tracked_task& task(const event& e);
  void set_state(tracked_task& t, const event& e);
  void end(const event& e);

  string_map<tracked_task> tasks_;
  std::map<std::uint64_t, const tracked_task*> running_;
  eta_estimator eta_;
  totals counts_;
  std::uint64_t start_order_ = 0;
  std::size_t slots_ = 1;
  time_point begin_{};
  bool analyzing_ = false, started_ = false, draining_ = false;
};

}  // namespace corchestra::detail
