#pragma once

#include <map>
#include <string>
#include <vector>

#include <corchestra/core/event.hpp>

namespace corchestra::tests {

/// Publishes a run's facts as the scheduler does, to any fold.
class event_maker {
 public:
  explicit event_maker(event_sink sink) : sink_(std::move(sink)) {}

  time_point now{};

  void begin(std::size_t slots, std::string name = "sample") {
    event e = about(event_type::run_started, "");
    e.data = {{"name", name}, {"tasks", 0}, {"max_concurrent_tasks", slots}, {"mode", "auto"}};
    sink_(e);
  }
  void end(std::string state = "COMPLETED") {
    event e = about(event_type::run_ended, "");
    e.data = {{"state", state}};
    sink_(e);
  }
  void submit(const std::string& id, std::vector<std::string> depends_on = {}, std::string agent = "worker") {
    task& t = tasks_[id];
    t.call.id = id;
    t.call.agent = std::move(agent);
    t.call.depends_on = std::move(depends_on);
    t.result.id = id;
    t.result.agent = t.call.agent;
    t.result.queued_at = now;
    event e = about(event_type::task_submitted, id);
    e.call = &t.call;
    sink_(e);
  }
  void state(const std::string& id, task_state s, wait_reason w = wait_reason::none) {
    tasks_[id].state = s;
    event e = about(event_type::task_state_changed, id);
    e.waiting = w;
    sink_(e);
  }
  void start(const std::string& id) {
    task& t = tasks_[id];
    ++t.result.attempts;
    t.result.started_at = now;
    t.state = task_state::running;
    event e = about(event_type::attempt_started, id);
    e.call = &t.call;
    sink_(e);
  }
  void stop(const std::string& id, const error* failure = nullptr) {
    event e = about(event_type::attempt_ended, id);
    e.error = failure;
    e.usage = &tasks_[id].result.usage;
    e.data = {{"outcome", failure ? "failed" : "completed"}};
    sink_(e);
  }
  void finish(const std::string& id, task_state s, std::string reason = "") {
    task& t = tasks_[id];
    t.state = t.result.state = s;
    t.result.reason = std::move(reason);
    t.result.ended_at = now;
    event e = about(event_type::task_ended, id);
    e.result = &t.result;
    sink_(e);
  }
  void complete(const std::string& id) {
    stop(id);
    finish(id, task_state::completed);
  }
  task_result& result(const std::string& id) { return tasks_[id].result; }

 private:
  struct task {
    task_call call;
    task_result result;
    task_state state = task_state::pending;
  };

  event about(event_type type, std::string_view id) {
    event e;
    e.seq = ++seq_;
    e.at = now;
    e.type = type;
    e.run_id = "run-1";
    if (id.empty()) return e;
    const auto& [name, t] = *tasks_.find(std::string(id));
    e.task_id = name;
    e.agent = t.call.agent;
    e.attempt = t.result.attempts;
    e.state = t.state;
    return e;
  }

  event_sink sink_;
  std::map<std::string, task> tasks_;
  std::uint64_t seq_ = 0;
};

}  // namespace corchestra::tests
