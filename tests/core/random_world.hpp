#pragma once

#include <corchestra/base/text.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/scheduler.hpp>

#include "core/random_plan.hpp"
#include "core/record_rules.hpp"
#include "core/reference_model.hpp"

namespace corchestra::tests {

/// Tasks of the world of a seed, where nothing else is asked for.
inline int size_of_case(std::uint64_t seed) {
  return static_cast<int>(seed % 4 == 0 ? 30 + seed / 4 % 31 : 3 + seed % 14);
}

/// A random plan run under random bodies and disturbances, all from one seed, watched by the reference model. Throws
/// std::logic_error when a promise is broken or the run does not end.
class random_world {
 public:
  enum class form : std::uint8_t { plan, compiled };

  /// Half of the seeds run a compiled plan.
  random_world(std::uint64_t seed, int size, bool keep_log = false)
      : random_world(seed, size, keep_log, seed % 2 == 0 ? form::plan : form::compiled) {}
  random_world(std::uint64_t seed, int size, bool keep_log, form as)
      : plan_(seed, size), as_(as), keep_log_(keep_log), model_(plan_.options), rules_(model_) {}

  void run() {
    const auto calls = plan_.calls();
    const auto compiled = compile_plan({plan_.options, calls});
    if (compiled.has_error()) throw std::logic_error("refused: " + compiled.error().message);
    const event_sink sink = [this](const event& e) { observe(e); };
    scheduler s = as_ == form::compiled ? scheduler("run", *compiled, sink) : scheduler("run", plan_.options, sink);
    as_ == form::compiled ? s.begin(now_) : s.begin(calls, now_);
    for (int step = 0, quiet = 0; !s.finished(); ++step) {
      need(step < 10'000, "it does not come to an end");
      const auto before = now_;
      const auto seen = rules_.seq();
      act(s);
      quiet = now_ > before || rules_.seq() > seen ? 0 : quiet + 1;
      if (quiet > 3) help(s, quiet);
    }
    check_end(s);
  }

  std::string log;  // every event, when asked for
  std::uint64_t events() const { return rules_.seq(); }

 private:
  enum class doing : std::uint8_t { work, rate, child, question, slot };
  struct body {
    task_index task;
    std::uint32_t attempt;
    time_point ends;
    bool deaf;  // does not react to being asked to stop
    doing what = doing::work;
    time_point until{};          // of a wait for a rate
    task_index child = no_task;  // awaited
  };

  void need(bool holds, const std::string& what) const {
    if (!holds) throw std::logic_error(what);
  }

  void observe(const event& e) {
    if (keep_log_) log += dump_json(to_record(e, {})) + "\n";
    rules_(e);
    model_(e);
    metrics_(e);
  }

  int pick(int from, int to) { return plan_.pick(from, to); }
  bool chance(int percent) { return plan_.chance(percent); }

  void start_all(scheduler& s) {
    while (const auto c = s.next_start(now_)) {
      if (!c->resume) {
        bodies_.push_back({c->task, c->attempt, now_ + plan_.seconds(0, 6), chance(5)});
        continue;
      }
      for (auto& b : bodies_) {
        if (b.task != c->task || b.attempt != c->attempt) continue;
        need(b.what == doing::slot || s.abort_requested(b.task), "a slot for a body that does not ask for one");
        b.what = doing::work;
        b.ends = std::max(b.ends, now_);
      }
    }
  }

  void obey(scheduler& s) {
    for (const auto& a : s.take_aborts()) {
      for (auto& b : bodies_) {
        if (b.task != a.task || b.attempt != a.attempt || (b.deaf && !a.abandoned)) continue;
        b.ends = a.abandoned ? now_ + std::chrono::seconds(1) : now_;
        b.what = doing::work;
      }
    }
    for (const auto& a : s.take_answers()) {
      for (auto& b : bodies_) {
        if (b.task == a.task && b.attempt == a.attempt && b.what == doing::question) leave(s, b);
      }
    }
  }

  void act(scheduler& s) {
    for (const bool disturbed : {false, true}) {
      if (disturbed) disturb(s);
      start_all(s);
      obey(s);
      for (auto& b : bodies_) {
        if (b.what == doing::child && (!s.known(b.child) || is_terminal(s.state(b.child)))) leave(s, b);
      }
      start_all(s);
      obey(s);
    }
    if (s.finished()) return;
    check_idle(s);
    // Time moves to whatever is next: a body's end or a deadline.
    time_point next = time_point::max();
    for (const auto& b : bodies_) {
      if (b.what == doing::work) next = std::min(next, b.ends);
      if (b.what == doing::rate) next = std::min(next, b.until);
    }
    if (const auto due = s.next_deadline()) next = std::min(next, *due);
    for (const auto& [at, agent] : resumes_) next = std::min(next, at);
    if (next == time_point::max()) return;
    now_ = std::max(now_, next);
    s.advance(now_);
    while (!resumes_.empty() && resumes_.begin()->first <= now_) {
      const auto agent = resumes_.begin()->second;
      resumes_.erase(resumes_.begin());
      s.resume(agent, now_);
    }
    for (std::size_t i = 0; i < bodies_.size(); ++i) {
      auto& b = bodies_[i];
      if (b.what == doing::work && b.ends <= now_) {
        const body done = b;
        bodies_.erase(bodies_.begin() + static_cast<std::ptrdiff_t>(i--));
        end(s, done);
      } else if (b.what == doing::rate && b.until <= now_) {
        leave(s, b);
      }
    }
  }

  static bool current(const scheduler& s, const body& b) {
    return s.known(b.task) && !is_terminal(s.state(b.task)) && s.attempt(b.task) == b.attempt;
  }

  void leave(scheduler& s, body& b) {
    if (!s.known(b.task)) return;
    const wait_reason reason = b.what == doing::rate    ? wait_reason::rate
                               : b.what == doing::child ? wait_reason::child
                                                        : wait_reason::approval;
    s.attempt_leaves_wait(b.task, b.attempt, reason, now_);
    b.what = s.attempt_wants_slot(b.task, b.attempt, now_) ? doing::slot : doing::work;
    b.ends = std::max(b.ends, now_);
  }

  void end(scheduler& s, const body& b) {
    scheduler::attempt_end e;
    if (plan_.can_fail && chance(25)) {
      e.failure = fail(errc::task_failed, "random", chance(20) ? retry_class::terminal : retry_class::unspecified);
    }
    e.output = json{{"go", pick(0, 2)}, {"done", chance(50)}};
    if (plan_.has_budget && chance(30)) e.output.usage.prompt_tokens = pick(0, 40);
    const bool expected = current(s, b);
    need(s.attempt_ended(b.task, b.attempt, e, now_) == expected,
         "a result counts when its attempt is the current one");
    if (!expected) model_.body_ended(b.task);
    need(!s.attempt_ended(b.task, b.attempt, e, now_), "a second end of the same attempt is refused");
  }

  void wait(scheduler& s, body& b, doing what, wait_reason reason) {
    b.what = what;
    s.attempt_waits(b.task, b.attempt, reason, now_);
  }

  void disturb_body(scheduler& s, body& b) {
    if (!current(s, b) || b.what != doing::work || s.abort_requested(b.task)) return;
    if (chance(20)) s.progress(b.task, b.attempt, pick(0, 100) / 100.0, "", now_);
    if (plan_.has_budget && chance(20)) {
      token_usage u;
      u.completion_tokens = pick(0, 60);
      s.model_call(b.task, b.attempt, u, nullptr, now_);
      if (s.abort_requested(b.task)) return;
    }
    if (plan_.has_children && chance(10)) (void)s.stage(b.task, b.attempt, child(s));
    if (plan_.has_children && chance(10)) (void)s.spawn(b.task, child(s), now_);
    if (plan_.has_children && chance(3)) (void)s.replan(b.task, b.attempt, now_);
    if (plan_.has_children && chance(10)) {
      if (const auto c = s.spawn(b.task, child(s), now_, true)) {
        if (!current(s, b) || s.abort_requested(b.task)) return;  // its own child brought it down
        b.child = *c;
        return wait(s, b, doing::child, wait_reason::child);
      }
    }
    if (plan_.has_waits && chance(10)) {
      b.until = now_ + plan_.seconds(0, 4);
      return wait(s, b, doing::rate, wait_reason::rate);
    }
    if (plan_.has_approvals && chance(5) &&
        s.ask(b.task, b.attempt, {"go on?", plan_.seconds(1, 9), chance(50)}, now_)) {
      wait(s, b, doing::question, wait_reason::approval);
    }
  }

  task_call child(const scheduler& s) {
    task_call c = plan_.call(chance(80) ? "" : "named" + std::to_string(pick(0, 3)));
    for (int i = pick(-3, 1); i > 0; --i) {
      const auto any = static_cast<task_index>(pick(0, static_cast<int>(s.size()) - 1));
      if (s.known(any)) c.depends_on.push_back(s.call(any).id + (chance(30) ? "/*" : ""));
    }
    return c;
  }

  void disturb(scheduler& s) {
    if (s.size() == 0 || s.finished()) return;
    const auto any = static_cast<task_index>(pick(0, static_cast<int>(s.size()) - 1));
    if (plan_.has_cancels) {
      if (chance(4)) s.cancel_task(any, cancel_reason::user, "", now_);
      if (chance(1) && chance(30)) s.cancel_agent("a", "", now_);
      if (chance(1) && chance(40)) s.cancel_run(cancel_reason::user, "", now_);
      if (chance(1) && chance(30)) s.drain(now_);
      if (chance(1) && chance(20)) s.cancel_run(cancel_reason::shutdown, "", now_);
    }
    if (plan_.has_pauses && chance(4)) {
      const std::string agent = chance(50) ? "" : "a";
      s.pause(agent, now_);
      resumes_.emplace(now_ + plan_.seconds(0, 20), agent);
    }
    for (const auto& [task, text] : s.approvals()) {
      if (chance(20)) (void)s.answer(task, chance(70), chance(50) ? "" : "because", now_);
    }
    if (!bodies_.empty() && !s.finished())
      disturb_body(s, bodies_[static_cast<std::size_t>(pick(0, static_cast<int>(bodies_.size()) - 1))]);
    if (chance(3) && !s.finished()) (void)s.submit({plan_.call("late" + std::to_string(late_++))}, now_);
    if (chance(5)) s.close(now_);
  }

  // Nothing moves any more: what waits for people gets its answers; if that is not it, something was forgotten.
  void help(scheduler& s, int quiet) {
    for (const auto& [task, text] : s.approvals()) (void)s.answer(task, chance(70), "", now_);
    s.resume("", now_);
    s.resume("a", now_);
    s.close(now_);
    if (quiet < 10 || s.finished()) return;
    std::string text = "nothing moves any more:";
    for (task_index t = 0; t < s.size(); ++t) {
      if (!s.known(t) || is_terminal(s.state(t))) continue;
      for (const auto& line : s.why(t, now_)) text += "\n  " + line;
    }
    throw std::logic_error(text);
  }

  static std::string names(const std::set<std::string>& ids) {
    return ids.empty() ? "nobody" : join(std::vector<std::string>(ids.begin(), ids.end()), ", ");
  }
  // After everything that could start was started: the engine and the model agree on what is held, and who is left has
  // a cause.
  void check_idle(const scheduler& s) {
    need(s.slots_in_use() == model_.slots_in_use(),
         concat("slots in use: ", s.slots_in_use(), ", by the model ", model_.slots_in_use()));
    if (!chance(30)) return;
    for (const auto& l : s.locks()) {
      std::set<std::string> holders(l.holders.begin(), l.holders.end());
      const auto is_between = [&](const auto& id) { return s.state(s.find(id)) < task_state::running; };  // attempts
      if (model_.draining) std::erase_if(holders, is_between);  // the model leaves nothing to those that are needed
      need(l.period || holders == model_.resources.holders(l.resource),
           concat(l.resource, " is held by ", names(holders), ", by the model by ", names(model_.resources.holders(l.resource))));
    }
    if (model_.draining) return;
    for (const auto& [i, t] : model_.tasks) {
      need(model_.obstacle(i) || waits_for_time(t) || gives_way(t), "a start was forgotten: " + t.call.id);
      if (!s.known(i) || is_terminal(s.state(i))) continue;
      const auto why = s.why(i, now_);
      need(!why.empty() && !why[0].ends_with("is about to start"), "not started, for no cause: " + join(why, "; "));
    }
  }

  // For a retry, for its level, or until all it needs has ended: a branch may have left it out, and where a child has
  // failed in a subtree, it depends on who awaited it.
  bool waits_for_time(const reference_model::task& t) const {
    const bool unclear = std::any_of(t.needs.begin(), t.needs.end(), [&](task_index n) {
      const task_index i = n & ~subtree_bit;
      return model_.tasks.at(i).rules.branch || (i != n && !model_.all_below(i, reference_model::fine));
    });
    return t.waiting == wait_reason::backoff || model_.options.mode == scheduling_mode::levels || unclear;
  }

  // Another waits for what both need, or for several slots: what is free may be kept for it.
  bool gives_way(const reference_model::task& t) const {
    const auto& l = model_.options.limits;
    const auto same_pool = [&](const reference_model::task& o) {
      return (l.slots_by_agent.contains(t.call.agent) && o.call.agent == t.call.agent) ||
             (l.slots_by_task_type.contains(t.call.task_type) && o.call.task_type == t.call.task_type) ||
             (l.slots_by_key.contains(t.rules.fairness_key) && o.rules.fairness_key == t.rules.fairness_key);
    };
    return std::any_of(model_.tasks.begin(), model_.tasks.end(), [&](const auto& entry) {
      const reference_model::task& o = entry.second;
      const bool waits = o.waiting == wait_reason::slot || o.waiting == wait_reason::lock ||
                         o.waiting == wait_reason::rate || o.waiting == wait_reason::budget ||
                         o.state == task_state::ready;
      if (&o == &t || is_terminal(o.state) || !waits) return false;
      return model_.weight(o) > 1 || same_pool(o) || resource_model::conflict(t.call, o.call) ||
             std::any_of(t.call.resources.begin(), t.call.resources.end(),
                         [&](const auto& r) { return resource_model::amount(o.call, r.id) > 0; });
    });
  }

  void check_end(scheduler& s) {
    const bool drained = s.state() == run_state::interrupted;
    need(s.slots_in_use() == 0 && s.running().empty(), "all slots are free at the end");
    need(!s.next_deadline().has_value() && !s.next_start(now_), "nothing is due after the end");
    need(s.unfinished() == 0 || drained, "all tasks have ended");
    check_metrics(s.metrics(now_));
    const auto none_reserved = [&](const budget_status& b) { need(b.reserved.none(), "a reservation is left"); };
    none_reserved(s.budget());
    for (const auto& [name, b] : s.agent_budgets()) none_reserved(b);
    // Bodies that were given up end at last: their locks come back, their results are refused.
    for (const auto& b : bodies_) {
      need(!s.attempt_ended(b.task, b.attempt, {}, now_), "a late result is refused");
    }
    for (const auto& l : s.locks()) need(l.holders.empty(), "a lock is left: " + l.resource);
  }

  // What the scheduler counts on the way is what its events say.
  void check_metrics(const run_metrics& m) const {
    const run_metrics told = metrics_.value();
    need(m.counts == told.counts && m.total_tasks == told.total_tasks, "metrics: tasks by state");
    need(m.wall == told.wall && m.sequential == told.sequential && m.slot_time == told.slot_time, "metrics: time at work");
    need(m.executed_tasks == told.executed_tasks && m.average_execution == told.average_execution, "metrics: executed tasks");
    need(m.average_wait == told.average_wait, "metrics: waiting for the first start");
    need(m.peak_width == told.peak_width && m.slots == told.slots, "metrics: slots");
    need(m.usage == told.usage, "metrics: usage");
    need(std::ranges::equal(m.agents, told.agents, [](const auto& a, const auto& b) {
      return a.first == b.first && a.second.tasks == b.second.tasks && a.second.successes == b.second.successes;
    }), "metrics: agents");
    // By events alone, what had ended of a join that did not wait for all of it was waited for, and of a subtree by whom
    // something ended while it waited.
    const bool unclear = plan_.has_joins || m.executed_tasks < m.total_tasks;
    need(m.longest_path == told.longest_path || (unclear && m.longest_path < told.longest_path), concat("metrics: the longest path: ", to_text(m.longest_path), ", by events ", to_text(told.longest_path)));
    if (plan_.options.keep == keep_results::all && m.longest_path == told.longest_path) need(m.lower_bound == told.lower_bound, "metrics: the bound");
  }

  random_plan plan_;
  form as_;
  bool keep_log_;
  reference_model model_;
  record_rules rules_;
  metrics_fold metrics_;
  time_point now_{};
  std::vector<body> bodies_;
  std::multimap<time_point, std::string> resumes_;
  int late_ = 0;
};

}  // namespace corchestra::tests
