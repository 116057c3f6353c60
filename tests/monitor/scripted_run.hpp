#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/base/text.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/scheduler.hpp>
#include <corchestra/core/time_attribution.hpp>
#include <corchestra/core/timeline.hpp>

namespace corchestra::tests {

inline time_point at(double seconds) { return time_point(from_seconds(seconds)); }

inline task_call call(std::string id, std::vector<std::string> depends_on = {}) {
  task_call c = create_task_call(id, "agent", "type", "Do " + id);
  c.depends_on = std::move(depends_on);
  c.dependencies_given = true;
  return c;
}

/// What becomes of one attempt.
struct step {
  double seconds = 1;
  std::optional<error> failure;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
};

/// A run of the real scheduler in made-up time: attempts last what is written down for them.
class scripted_run {
 public:
  explicit scripted_run(run_options o, event_sink sink)
      : sink_(std::move(sink)), machine_("run-1", std::move(o), [this](const event& e) { take(e); }) {}

  std::map<std::string, std::vector<step>> steps;  ///< by task and attempt; absent: one second
  std::function<void(time_point)> on_moment;       ///< after everything due at a moment has happened

  void begin(std::vector<task_call> calls) {
    machine_.begin(std::move(calls), now_);
    start_what_can();
  }
  void run(std::vector<task_call> calls) {
    begin(std::move(calls));
    while (!machine_.finished()) next_moment();
  }
  void next_moment() {
    std::optional<time_point> due = machine_.next_deadline();
    if (!ends_.empty() && (!due || ends_.begin()->first < *due)) due = ends_.begin()->first;
    if (!due) return;
    now_ = *due;
    machine_.advance(now_);
    while (!ends_.empty() && ends_.begin()->first <= now_) {
      const running r = ends_.begin()->second;
      ends_.erase(ends_.begin());
      end(r);
    }
    start_what_can();
    if (on_moment) on_moment(now_);
  }

  scheduler& machine() { return machine_; }
  time_point now() const { return now_; }
  void move_to(time_point t) { now_ = t; }
  run_metrics metrics() const { return metrics_.value(); }
  const corchestra::timeline& timeline() const { return timeline_.value(); }
  const time_attribution& attribution() const { return attribution_; }

 private:
  struct running {
    task_index task;
    std::uint32_t attempt;
    step what;
  };

  void take(const event& e) {
    metrics_(e);
    timeline_(e);
    attribution_(e);
    if (sink_) sink_(e);
  }

  void start_what_can() {
    while (const auto start = machine_.next_start(now_)) {
      step what;
      const auto it = steps.find(machine_.call(start->task).id);
      if (it != steps.end()) what = it->second[std::min<std::size_t>(start->attempt, it->second.size()) - 1];
      ends_.emplace(now_ + from_seconds(what.seconds), running{start->task, start->attempt, what});
    }
  }

  void end(const running& r) {
    if (r.what.prompt_tokens + r.what.completion_tokens > 0) {
      token_usage usage;
      usage.prompt_tokens = r.what.prompt_tokens;
      usage.completion_tokens = r.what.completion_tokens;
      usage.calls = 1;
      machine_.model_call(r.task, r.attempt, usage, nullptr, now_);
    }
    task_output output(json("output of " + machine_.call(r.task).id));
    machine_.attempt_ended(r.task, r.attempt, {r.what.failure, std::move(output)}, now_);
  }

  event_sink sink_;
  metrics_fold metrics_;
  timeline_fold timeline_;
  time_attribution attribution_{time_attribution::keep::spans};
  scheduler machine_;
  time_point now_{};
  std::multimap<time_point, running> ends_;
};

inline run_options options(std::uint32_t slots, std::string name = "plan") {
  run_options o;
  o.name = std::move(name);
  o.limits.max_concurrent_tasks = slots;
  o.retry.first_delay = std::chrono::seconds(2);
  o.retry.jitter = false;
  return o;
}

}  // namespace corchestra::tests
