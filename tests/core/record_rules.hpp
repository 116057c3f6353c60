#pragma once

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>

#include <corchestra/core/time_attribution.hpp>

#include "core/reference_model.hpp"

namespace corchestra::tests {

/// What must hold of the events of a run whatever may start: their order, what retries, loops, time limits, groups and
/// cancellations allow, and what results say. Sees each event before the model does. Throws std::logic_error.
class record_rules {
 public:
  explicit record_rules(const reference_model& model) : model_(model) {}

  void operator()(const event& e) {
    where_ = std::string(e.task_id);
    check(e.seq == ++seq_ && e.at >= now_ && !ended_, "numbered, in order of time, nothing after the end");
    now_ = e.at;
    times_(e);
    if (e.task == no_task) return of_run(e);
    if (e.type == event_type::task_submitted) return submitted(e);
    task& t = tasks_.at(e.task);
    check(!t.ended || e.type == event_type::warning, "no events after a task's end");
    if (e.type == event_type::attempt_started) started(e, t);
    if (e.type == event_type::attempt_ended) attempt_ended(e, t);
    if (e.type == event_type::task_ended) task_ended(e, t);
    if (e.type == event_type::cancel_requested) t.asked_to_stop = true;
    if (e.type == event_type::approval_answered && !t.running && !e.data.at("approved").get<bool>()) t.doomed = true;
    if (e.type == event_type::warning)
      check(!e.data.at("message").get<std::string>().starts_with("internal"), "no illegal transition");
    if (e.type != event_type::task_state_changed) return;
    check(!is_terminal(e.state) && (e.state == task_state::running) == t.running, "states follow the attempts");
    check(e.state != task_state::waiting || e.waiting != wait_reason::none, "waiting has a reason");
    t.waited = t.waited || t.running;
  }

  std::uint64_t seq() const { return seq_; }

 private:
  struct task {
    std::string group;
    time_point submitted{}, started{};
    std::uint32_t attempts = 0, retries = 0, iteration = 1;
    bool running = false, waited = false, doomed = false, asked_to_stop = false, ended = false;
  };

  void check(bool holds, const char* promise) const {
    if (!holds) throw std::logic_error(where_ + ": broken: " + promise);
  }
  static task_rules rules_of(const task_call& c) { return c.rules ? *c.rules : task_rules{}; }

  void submitted(const event& e) {
    check(!tasks_.contains(e.task), "submitted once");
    task& t = tasks_[e.task];
    t.submitted = now_;
    t.group = rules_of(*e.call).group;
    if (t.group.empty() && e.parent != no_task) t.group = tasks_.at(e.parent).group;
  }

  void started(const event& e, task& t) {
    const task_call& c = call_of(e);
    check(!t.running && e.attempt == ++t.attempts, "one attempt at a time");
    check(!cancelled_ && !t.asked_to_stop && !t.doomed, "nothing starts after its cancellation");
    const auto& l = c.limits;
    check(t.attempts > 1 || !l.schedule_to_start || now_ <= t.submitted + *l.schedule_to_start, "schedule_to_start");
    check(!l.schedule_to_close || now_ <= t.submitted + *l.schedule_to_close, "no start after the deadline");
    check(t.attempts == 1 || t.iteration > 1 || rules_of(c).effect != effect_class::at_most_once, "at most once");
    t.running = true;
    t.waited = false;
    t.started = now_;
  }

  void attempt_ended(const event& e, task& t) {
    const task_call& c = call_of(e);
    check(t.running && e.attempt == t.attempts, "only a running attempt ends");
    check(!t.asked_to_stop || e.outcome != task_state::completed, "what was cancelled does not complete");
    const auto limit = c.limits.start_to_close ? c.limits.start_to_close : limits().default_start_to_close;
    check(t.waited || !limit || now_ <= t.started + *limit + limits().cancel_grace, "start_to_close");
    t.running = false;
    const auto& retry = c.retry ? *c.retry : model_.options.retry;
    if (e.retry_in) check(++t.retries <= static_cast<std::uint32_t>(retry.max_retries), "no more retries than allowed");
    if (!e.retry_in) t.retries = 0;
    if (!e.data.is_object() || !e.data.contains("iteration")) return;
    const auto& loop = rules_of(c).repeat;
    check(loop && t.iteration == e.data.at("iteration") && t.iteration < loop->max_iterations, "bounded loops");
    ++t.iteration;
  }

  void task_ended(const event& e, task& t) {
    const task_result& r = *e.result;
    check(is_terminal(r.state) && r.state == e.state && !t.running, "it ends in a terminal state, after its attempt");
    check(r.attempts == t.attempts && (r.state != task_state::completed || t.attempts > 0), "completes by an attempt");
    check((r.state == task_state::completed) == r.reason.empty(), "whatever did not complete says why");
    check((r.state == task_state::skipped) == (r.skipped != skip_cause::none), "a skipped task has a cause");
    check((r.state == task_state::cancelled) == (r.cancelled != cancel_reason::none) ||
              r.state == task_state::timeout || r.state == task_state::limit_exceeded,
          "a cancelled task has a reason");
    check(r.state == task_state::completed || r.state == task_state::skipped || r.error, "a failed task has an error");
    check(r.iterations == t.iteration, "iterations are counted");
    const auto& close = call_of(e).limits.schedule_to_close;
    check(!close || now_ <= t.submitted + *close + limits().cancel_grace, "schedule_to_close");
    check(times_.of(e.task)->total() == now_ - t.submitted, "attributed times sum up to the wall time");
    t.ended = true;
    const bool failed =
        r.state == task_state::failed || r.state == task_state::timeout || r.state == task_state::limit_exceeded;
    if (failed) count_failure(t);
  }

  // A failure too many ends the run's or the group's other tasks.
  void count_failure(const task& t) {
    const auto doom = [&](auto which) {
      for (auto& [i, o] : tasks_) o.doomed = o.doomed || (&o != &t && which(o));
    };
    const auto& o = model_.options;
    if (++failures_; o.fail_fast || (o.max_failed && failures_ > *o.max_failed)) doom([](const task&) { return true; });
    if (t.group.empty()) return;
    const auto& g = o.groups.at(t.group);
    const auto members = std::ranges::count_if(tasks_, [&](const auto& m) { return m.second.group == t.group; });
    const auto failed = ++group_failures_[t.group];
    const bool too_many = g.fail_fast || (g.max_failed && failed > *g.max_failed) ||
                          (g.max_failed_percent &&
                           static_cast<double>(failed) * 100 > *g.max_failed_percent * static_cast<double>(members));
    if (too_many) doom([&](const task& m) { return m.group == t.group; });
  }

  void of_run(const event& e) {
    if (e.type == event_type::cancel_requested) {
      cancelled_ = true;
      shutdown_ = e.data.at("reason") == "shutdown";
    }
    if (e.type != event_type::run_ended) return;
    ended_ = true;
    const auto state = e.data.at("state").get<std::string>();
    const bool open = std::ranges::any_of(tasks_, [](const auto& t) { return !t.second.ended; });
    const bool good = std::ranges::all_of(model_.tasks, [](const auto& t) { return reference_model::fine(t.second); });
    check(std::ranges::none_of(tasks_, [](const auto& t) { return t.second.running; }), "no attempt outlives the run");
    check(!open || model_.draining, "a run ends when every task has ended, unless it is drained");
    check((state == "INTERRUPTED") == (open || (shutdown_ && !good)) && (open || (state == "COMPLETED") == good),
          "the run's state follows from its tasks'");
  }

  const task_call& call_of(const event& e) const { return model_.tasks.at(e.task).call; }
  const run_limits& limits() const { return model_.options.limits; }

  const reference_model& model_;
  std::map<task_index, task> tasks_;
  time_point now_{};
  std::uint64_t seq_ = 0;
  bool cancelled_ = false, shutdown_ = false, ended_ = false;
  std::map<std::string, std::size_t> group_failures_;
  std::size_t failures_ = 0;
  std::string where_;
  time_attribution times_{time_attribution::keep::tasks};
};

}  // namespace corchestra::tests
