#pragma once

#include <corchestra/core/scheduler.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "support/show.hpp"

namespace corchestra::tests {

/// A task call of the agent `a`.
inline task_call call(std::string id, std::vector<std::string> depends_on = {}, int priority = 10) {
  task_call c;
  c.id = std::move(id);
  c.agent = "a";
  c.depends_on = std::move(depends_on);
  c.priority = priority;
  return c;
}

/// The same for another agent.
inline task_call of_agent(task_call c, std::string agent) {
  c.agent = std::move(agent);
  return c;
}
inline task_call of_agent(std::string id, std::string agent, std::vector<std::string> depends_on = {}) {
  return of_agent(call(std::move(id), std::move(depends_on)), std::move(agent));
}

/// The same with rules that `set` fills in.
template <class F>
task_call ruled(task_call c, F set) {
  set(c.rules.get_or_emplace());
  return c;
}

inline run_options slots(std::uint32_t n) {
  run_options o;
  o.limits.max_concurrent_tasks = n;
  return o;
}

/// A scheduler driven by hand: tasks begin when `start` is called, end when told, and time moves when told.
class hand_run {
 public:
  using ids = std::vector<std::string>;

  struct fact {
    event_type type{};
    std::string task;
    double at = 0;
    task_state outcome{};
    std::optional<duration> retry_in;
    json data;
  };

  explicit hand_run(run_options o = {})
      : s("run", std::move(o), [all = facts_](const event& e) {
          all->push_back({e.type, std::string(e.task_id), to_seconds(e.at.time_since_epoch()), e.outcome,
                          e.retry_in ? std::optional<duration>(*e.retry_in) : std::nullopt, e.data});
        }) {}
  hand_run(run_options o, std::vector<task_call> calls) : hand_run(std::move(o)) { begin(std::move(calls)); }

  void begin(std::vector<task_call> calls) {
    const auto valid = s.validate(calls);
    REQUIRE(valid);
    s.begin(std::move(calls), now);
  }

  /// Starts all that can; gives back their ids in order. Attempts that have their slot again are in `resumed`.
  ids start() {
    ids started;
    while (const auto c = s.next_start(now)) (c->resume ? resumed : started).push_back(s.call(c->task).id);
    return started;
  }
  ids resumed;

  void end(std::string_view id, json output = nullptr) { end_with(id, {{}, task_output(std::move(output))}); }
  void fail_task(std::string_view id, error e = fail(errc::task_failed, "no")) { end_with(id, {std::move(e), {}}); }
  bool end_with(std::string_view id, scheduler::attempt_end e) {
    return s.attempt_ended(at(id), s.attempt(at(id)), std::move(e), now);
  }

  /// Time passes, each deadline on its way at its time.
  void pass(duration d) {
    const time_point to = now + d;
    while (const auto due = s.next_deadline()) {
      if (*due > to) break;
      now = std::max(now, *due);
      s.advance(now);
      if (s.next_deadline() == due) break;
    }
    now = to;
    s.advance(now);
  }

  /// Runs it to its end, bodies taking `takes` (1 s for those not named) and stopping when asked to; gives back the
  /// second at which each task's last attempt began.
  std::map<std::string, double> play(const std::map<std::string, duration>& takes = {}) {
    std::map<std::string, double> begun;
    std::multimap<time_point, std::string> ends;
    for (int step = 0; !s.finished(); ++step) {
      REQUIRE(step < 100'000);
      for (const auto& id : start()) {
        begun[id] = seconds();
        const auto t = takes.find(id);
        ends.emplace(now + (t == takes.end() ? duration(std::chrono::seconds(1)) : t->second), id);
      }
      for (const auto& id : stopped()) {
        std::erase_if(ends, [&](const auto& e) { return e.second == id; });
        end(id);
      }
      if (s.finished()) break;
      time_point next = ends.empty() ? time_point::max() : ends.begin()->first;
      if (const auto due = s.next_deadline()) next = std::min(next, *due);
      REQUIRE(next != time_point::max());  // it does not stand still
      now = std::max(now, next);
      s.advance(now);
      while (!ends.empty() && ends.begin()->first <= now) {
        const std::string id = ends.begin()->second;
        ends.erase(ends.begin());
        end(id);
      }
    }
    return begun;
  }

  /// Tasks whose attempts were asked to stop since the last call.
  ids stopped() {
    ids all;
    for (const auto& a : s.take_aborts()) {
      if (!a.abandoned) all.push_back(s.call(a.task).id);
    }
    return all;
  }

  task_index at(std::string_view id) const {
    const auto t = s.find(id);
    REQUIRE(t != no_task);
    return t;
  }
  task_state state(std::string_view id) const { return s.state(at(id)); }
  wait_reason waits(std::string_view id) const { return s.waiting(at(id)); }
  const task_result& result(std::string_view id) const {
    const auto* r = s.result_of(at(id));
    REQUIRE(r != nullptr);
    return *r;
  }
  ids why(std::string_view id) const { return s.why(at(id), now); }
  double seconds() const { return to_seconds(now.time_since_epoch()); }

  std::vector<fact> of(event_type type, std::string_view task = {}) const {
    std::vector<fact> some;
    std::copy_if(facts_->begin(), facts_->end(), std::back_inserter(some),
                 [&](const fact& f) { return f.type == type && (task.empty() || f.task == task); });
    return some;
  }
  std::size_t count(event_type type, std::string_view task = {}) const { return of(type, task).size(); }

  time_point now{};

 private:
  std::shared_ptr<std::vector<fact>> facts_ = std::make_shared<std::vector<fact>>();

 public:
  scheduler s;
};

/// A run with a budget of tokens, and slots for all.
inline run_options limited(std::int64_t tokens) {
  run_options o;
  o.limits.max_concurrent_tasks = 100;
  o.budget.run.tokens = tokens;
  return o;
}

}  // namespace corchestra::tests
