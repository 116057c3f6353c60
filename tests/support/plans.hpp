#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <corchestra/runtime/orchestrator.hpp>
#include <corchestra/testing/scripted_agent.hpp>
#include <corchestra/testing/virtual_time.hpp>

namespace corchestra::tests {

/// A task call for the agent `a`.
inline task_call task(std::string id, std::vector<std::string> depends_on = {}, int priority = 10) {
  task_call c;
  c.id = std::move(id);
  c.agent = "a";
  c.depends_on = std::move(depends_on);
  c.dependencies_given = true;
  c.priority = priority;
  return c;
}

inline task_call of_agent(std::string id, std::string agent, std::vector<std::string> depends_on = {}) {
  task_call c = task(std::move(id), std::move(depends_on));
  c.agent = std::move(agent);
  return c;
}

/// `t0`, `t1`, ...
inline std::vector<task_call> numbered(int n) {
  std::vector<task_call> calls;
  for (int i = 0; i < n; ++i) calls.push_back(task("t" + std::to_string(i)));
  return calls;
}

inline testing::scripted_step failing(std::string message, duration takes = std::chrono::seconds(1)) {
  return {takes, fail(errc::task_failed, std::move(message))};
}

inline task_plan plan(std::vector<task_call> tasks, std::uint32_t slots = 10) {
  task_plan p;
  p.tasks = std::move(tasks);
  p.options.limits.max_concurrent_tasks = slots;
  return p;
}

/// An orchestrator with one scripted agent `a` under virtual time.
struct virtual_orchestra {
  testing::virtual_time_context time;
  std::shared_ptr<testing::scripted_agent> agent;
  orchestrator o{time.executor()};

  explicit virtual_orchestra(testing::scripted_step standard = {std::chrono::seconds(1)})
      : agent(std::make_shared<testing::scripted_agent>(std::move(standard))) {
    o.agents().add("a", agent);
  }

  run_result run(task_plan p, run_callbacks callbacks = {}) {
    result<corchestra::run> started = o.start(std::move(p), std::move(callbacks));
    corchestra::run r = started.value();
    return time.run(r.wait());
  }

  double start_of(std::string_view id) const { return seconds(agent->find(id)->started); }
  double end_of(std::string_view id) const { return seconds(agent->find(id)->ended); }
  static double seconds(time_point t) { return to_seconds(t.time_since_epoch()); }
};

}  // namespace corchestra::tests
