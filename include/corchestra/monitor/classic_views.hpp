#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <corchestra/base/json.hpp>
#include <corchestra/core/lock_status.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/timeline.hpp>

namespace corchestra {

// A run's facts under the keys that the predecessors gave them: for programs that read those. Times are seconds as
// numbers, but where a key says `_ms`.

/// The job pool's `get_status`: `{running_jobs, queue_size, total_processed}`.
json classic_status(const run_metrics& m);

/// The job pool's `get_metrics`: `{total_processed, avg_wait_time, avg_execution_time, success_rate}`.
json classic_metrics(const run_metrics& m);

/// The task engine's metrics: `{total_tasks, successful_tasks, average_execution_time_ms?, agent_metrics: {agent: {tasks,
/// successes}}}`. The average is absent while nothing has run.
json classic_task_metrics(const run_metrics& m);

/// One result of the parallel executor: `{status, agent_id, execution_time, error}`. The status is `completed`, or
/// another state in lower case; `error` is null of a completed task.
json classic_result(const task_result& r);

/// A running agent as the task engine shows it.
struct agent_instance {
  std::string instance_id;  ///< unique among those that run: the task's id
  std::string agent_id, task_id;
  std::vector<std::string> resources_locked;
  time_point start_time{};
  std::optional<time_point> heartbeat;  ///< the last sign of life
};

/// The instances under way: the fold of events behind `running_instances`.
class running_instances {
 public:
  void operator()(const event& e);
  /// By task id.
  const std::map<std::string, agent_instance, std::less<>>& value() const noexcept { return instances_; }

 private:
  std::map<std::string, agent_instance, std::less<>> instances_;
};

/// The task engine's `get_parallel_execution_status`: `{running_instances: {id: {instance_id, agent_id, task_id, status,
/// resources_locked, start_time, heartbeat}}, resource_locks: {resource: {resource_id, locked_by, lock_type, locked_at,
/// expires_at}}}`. Of `locks`, only those held are shown; `lock_type` is the part of the name before the first colon, or
/// `resource`. A lock that several share is shown as its first holder's. `expires_at` is null: locks do not lapse here.
json classic_execution_status(const running_instances& running, std::span<const lock_status> locks,
                              const clock_anchor& anchor);

/// The job pool's `export_timeline`: `[{id, start_time, duration}]`, an attempt each, in order of start; the start in
/// seconds since the run's.
json export_timeline(const timeline& t);

}  // namespace corchestra
