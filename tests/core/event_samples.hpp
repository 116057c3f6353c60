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
  /// Numbers are given at the first mention. `x/*` is `x` and everything spawned under it.
  void submit(const std::string& id, std::vector<std::string> depends_on = {}, std::string agent = "worker",
              const std::string& parent = "", std::string type = "") {
    task& t = at(id);
    t.type = std::move(type);
    t.call.id = id;
    t.call.agent = std::move(agent);
    t.call.depends_on = std::move(depends_on);
    t.result.id = id;
    t.result.agent = t.call.agent;
    t.result.queued_at = now;
    event e = about(event_type::task_submitted, id);
    e.call = &t.call;
    std::vector<task_index> needs;
    for (const std::string& d : t.call.depends_on) {
      const bool subtree = d.ends_with("/*");
      needs.push_back(number(subtree ? d.substr(0, d.size() - 2) : d) | (subtree ? subtree_bit : 0));
    }
    e.needs = needs;
    if (!parent.empty()) e.parent = number(parent);
    sink_(e);
  }
  void state(const std::string& id, task_state s, wait_reason w = wait_reason::none) {
    at(id).state = s;
    event e = about(event_type::task_state_changed, id);
    e.waiting = w;
    sink_(e);
  }
  void start(const std::string& id) {
    task& t = at(id);
    ++t.result.attempts;
    t.result.started_at = now;
    t.state = task_state::running;
    event e = about(event_type::attempt_started, id);
    e.call = &t.call;
    sink_(e);
  }
  void tool(const std::string& id, const std::string& name, std::int64_t elapsed_ms, const std::string& outcome) {
    event e = about(event_type::tool_ended, id);
    e.data = {{"tool", name}, {"outcome", outcome}, {"elapsed_ms", elapsed_ms}};
    sink_(e);
  }
  void stop(const std::string& id, const error* failure = nullptr, optional_duration retry_in = {}) {
    event e = about(event_type::attempt_ended, id);
    e.error = failure;
    e.usage = &at(id).result.usage;
    e.outcome = failure ? task_state::failed : task_state::completed;
    e.retry_in = retry_in;
    sink_(e);
  }
  void finish(const std::string& id, task_state s, std::string reason = "") {
    task& t = at(id);
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
  task_result& result(const std::string& id) { return at(id).result; }
  task_call& call(const std::string& id) { return at(id).call; }
  task_index number(const std::string& id) { return at(id).number; }

 private:
  struct task {
    task_index number = 0;
    std::string type;
    task_call call;
    task_result result;
    task_state state = task_state::pending;
  };

  task& at(const std::string& id) {
    const auto [it, added] = tasks_.try_emplace(id);
    if (added) it->second.number = static_cast<task_index>(tasks_.size() - 1);
    return it->second;
  }

  event about(event_type type, std::string_view id) {
    event e;
    e.seq = ++seq_;
    e.at = now;
    e.type = type;
    e.run_id = "run-1";
    if (id.empty()) return e;
    at(std::string(id));
    const auto& [name, t] = *tasks_.find(std::string(id));
    e.task = t.number;
    e.task_id = name;
    e.agent = t.call.agent;
    e.task_type = t.type;
    e.attempt = t.result.attempts;
    e.state = t.state;
    return e;
  }

  event_sink sink_;
  std::map<std::string, task> tasks_;
  std::uint64_t seq_ = 0;
};

}  // namespace corchestra::tests
