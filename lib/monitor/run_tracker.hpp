#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <corchestra/core/event.hpp>
#include <corchestra/core/forecast.hpp>

namespace corchestra::detail {

/// A task that has started and not ended.
struct tracked_task {
  std::string id, agent;
  task_state state = task_state::running;
  wait_reason waiting = wait_reason::none;
  std::uint32_t attempt = 0;
  time_point started{};
  std::optional<double> progress;  ///< unknown until the agent reports some
  std::string message;
  std::int64_t tokens = 0;
  std::uint64_t start_order = 0;  ///< its place in `running()`; 0 while it does not run
};

/// The console's picture of a run: a fold over events that keeps only what is under way, and sums of the rest.
class run_tracker {
 public:
  struct totals {
    std::size_t tasks = 0, ended = 0, completed = 0, failed = 0, cancelled = 0, skipped = 0, running = 0;
    std::int64_t tokens = 0;
    std::size_t waiting() const noexcept { return tasks - ended - running; }
  };

  explicit run_tracker(std::shared_ptr<const duration_book> learnt = {}) : forecast_(std::move(learnt)) {}
  void operator()(const event& e);

  const totals& counts() const noexcept { return counts_; }
  /// Oldest first.
  const std::map<std::uint64_t, const tracked_task*>& running() const noexcept { return running_; }

  bool analyzing() const noexcept { return analyzing_; }
  bool started() const noexcept { return started_; }
  bool draining() const noexcept { return draining_; }
  bool paused() const noexcept { return paused_; }
  time_point begin() const noexcept { return begin_; }  ///< of the run, or of the analysis before it
  double progress() const { return forecast_.progress(); }
  /// While many tasks are left, up to a second old.
  std::optional<eta> remaining(time_point now) const;

 private:
  void start(const event& e);
  void set_state(const event& e);
  void end(const event& e);
  tracked_task* find(const event& e);

  std::unordered_map<task_index, tracked_task> tasks_;
  std::map<std::uint64_t, const tracked_task*> running_;
  corchestra::forecast forecast_;
  mutable std::optional<eta> remaining_;
  mutable std::optional<time_point> remaining_at_;
  totals counts_;
  std::uint64_t start_order_ = 0;
  time_point begin_{};
  bool analyzing_ = false, started_ = false, draining_ = false, paused_ = false;
};

}  // namespace corchestra::detail
