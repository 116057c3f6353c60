#pragma once

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <corchestra/async/gather.hpp>
#include <corchestra/async/shield.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/time_attribution.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "support/plans.hpp"

namespace corchestra::tests {

/// A whole run by seed, through the front door: a random plan, whose bodies wait, call, spawn, ask, reserve, give up and
/// fail as they like, while somebody cancels, pauses, drains and answers from outside. `play` throws when a promise is broken.
class random_run {
 public:
  explicit random_run(std::uint64_t seed) : dice_(seed), time_(seed), orchestrator_(time_.executor(), {.run_id = "run"}) {
    for (const char* agent : {"a", "b"}) {
      orchestrator_.agents().add(agent, [this](task_context c) {
        const std::string& id = c.task().id;
        return body(std::move(c), static_cast<int>(std::count(id.begin(), id.end(), '/')));
      });
    }
  }

  /// False when the plan was refused: a draw may ask for more than there is.
  bool play() {
    task_plan p = random_plan();
    for (const auto& t : p.tasks) ids_.push_back(t.id);
    slots_ = p.options.mode == scheduling_mode::sequential ? 1 : p.options.limits.max_concurrent_tasks;
    run_callbacks callbacks;
    callbacks.on_event = [this](const event& e) { see(e); };
    const result<corchestra::run> started = orchestrator_.start(std::move(p), std::move(callbacks));
    if (!started) return false;
    const run_result r = time_.run(from_outside(*started), std::chrono::hours(24 * 30));
    if (!broken_.empty()) throw std::logic_error(broken_);
    judge(r);
    return true;
  }

 private:
  static duration ms(int n) { return std::chrono::milliseconds(n); }
  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(dice_); }
  bool chance(int percent) { return pick(100) < percent; }
  void must(bool holds, const std::string& what) {
    if (!holds && broken_.empty()) broken_ = what;  // what callbacks throw is contained by the run
  }

  std::vector<resource_request> random_resources() {
    static const std::vector<std::string> locks{"A", "B", "file:x/y", "directory:x", "file:x/z"};
    std::vector<resource_request> all;
    for (int i = pick(3); i > 0; --i) all.push_back({locks[static_cast<std::size_t>(pick(5))], chance(50) ? lock_mode::exclusive : lock_mode::shared});
    if (chance(20)) all.push_back({"gpu", lock_mode::exclusive, static_cast<std::uint32_t>(1 + pick(3))});
    if (chance(20)) all.push_back({"api", lock_mode::exclusive, static_cast<std::uint32_t>(1 + pick(3))});
    return all;
  }

  task_call random_call(std::string id) {
    auto t = task(std::move(id), {}, pick(4) * 10);
    t.agent = chance(60) ? "a" : "b";
    if (chance(30)) t.task_type = "k";
    if (chance(40)) t.resources = random_resources();
    if (chance(15)) t.limits.start_to_close = ms(500 + pick(3000));
    if (chance(10)) t.limits.schedule_to_close = ms(1000 + pick(20'000));
    if (chance(5)) t.limits.schedule_to_start = ms(500 + pick(5000));
    if (chance(5)) t.limits.heartbeat_timeout = ms(300 + pick(2000));
    if (chance(25)) t.retry = retry_policy{.max_retries = pick(3), .first_delay = ms(pick(2000)), .max_delay = ms(5000), .jitter = chance(50)};
    if (chance(60)) random_rules(t.rules.get_or_emplace(), t.id.find('/') == std::string::npos && !t.id.empty());
    return t;
  }

  void random_rules(task_rules& u, bool on_top) {
    if (chance(20)) u.weight = static_cast<std::uint32_t>(1 + pick(3));
    if (chance(30)) u.fairness_key = std::string(1, "KLM"[pick(3)]);
    if (chance(20)) u.group = chance(50) ? "g0" : "g1";
    if (on_top && chance(15)) {
      approval_rule asks{.message = "go?", .approve_by_default = chance(60)};
      if (chance(80)) asks.timeout = ms(200 + pick(3000));
      u.approval = std::move(asks);
    }
    if (chance(15)) u.repeat = loop_rule{"", true, static_cast<std::uint32_t>(1 + pick(4))};
    if (chance(20)) u.reserve.tokens = pick(30);
    if (chance(10)) u.budget.tokens = 40;
    u.hold_across_waits = chance(20);
    if (chance(10)) u.effect = effect_class::at_most_once;
    if (chance(10)) u.state_key = "s";
    if (chance(10)) u.output_schema = json{{"type", "boolean"}};
  }

  task_plan random_plan() {
    task_plan p;
    auto& o = p.options;
    constexpr scheduling_mode modes[] = {scheduling_mode::automatic, scheduling_mode::automatic, scheduling_mode::automatic,
                                         scheduling_mode::sequential, scheduling_mode::levels};
    constexpr start_order orders[] = {start_order::priority, start_order::fifo, start_order::depth_first,
                                      start_order::breadth_first, start_order::critical_path};
    o.mode = modes[pick(5)];
    o.order = orders[pick(5)];
    o.keep = chance(30) ? keep_results::failed : keep_results::all;
    o.seed = static_cast<std::uint64_t>(pick(1000));
    o.limits.max_concurrent_tasks = static_cast<std::uint32_t>(3 + pick(3));
    o.limits.cancel_grace = ms(500 + pick(2000));
    o.limits.max_children_per_task = 5;
    o.limits.max_spawned_tasks = 60;
    if (chance(30)) o.limits.slots_by_agent["a"] = 3;
    if (chance(20)) o.limits.slots_by_key["K"] = 3;
    if (chance(20)) o.limits.slots_by_task_type["k"] = 3;
    if (chance(20)) o.limits.run_timeout = ms(3000 + pick(30'000));
    o.resources = {{"gpu", 3}, {"api", 3, ms(700)}};
    if (chance(30)) o.fairness = {{"K", 2.0}, {"L", 0.5}};
    for (const char* name : {"g0", "g1"}) {
      auto& g = o.groups[name];
      g.fail_fast = chance(20);
      if (chance(30)) g.max_failed = static_cast<std::uint32_t>(pick(3));
      if (chance(20)) g.timeout = ms(1000 + pick(20'000));
    }
    if (chance(50)) o.budget.run.tokens = 50 + pick(200);
    if (chance(30)) o.budget.agents["a"].tokens = 60 + pick(100);
    if (chance(30)) o.budget.on_exhausted = on_exhausted::cancel;
    o.fail_fast = chance(20);
    if (chance(20)) o.max_failed = static_cast<std::uint32_t>(pick(4));
    if (chance(20)) o.retry_budget = 0.2;
    const int tasks = 3 + pick(12);
    for (int i = 0; i < tasks; ++i) {
      auto t = random_call("t" + std::to_string(i));
      for (int j = 0; j < i; ++j) {
        if (chance(15)) t.depends_on.push_back("t" + std::to_string(j) + (chance(20) ? "/*" : ""));
      }
      constexpr join_policy joins[] = {join_policy::all_success, join_policy::all_done, join_policy::one_success,
                                       join_policy::quorum, join_policy::none_failed_min_one_success};
      if (!t.depends_on.empty() && chance(30)) {
        auto& u = t.rules.get_or_emplace();
        u.join = joins[pick(5)];
        u.quorum = 1;
      }
      p.tasks.push_back(std::move(t));
    }
    return p;
  }

  // Bodies --------------------------------------------------------------------------------------------------------------

  /// What needs a slot: a body that is about to stop may leave it at any moment.
  awaitable<void> work(task_context c, duration d) {
    struct at_work {
      std::size_t& all;
      std::size_t mine;
      ~at_work() { all -= mine; }
    };
    const std::size_t weight = c.task().rules ? std::min<std::size_t>(c.task().rules->weight, slots_) : 1;
    const at_work now{at_work_, c.cancelled() ? 0 : weight};
    at_work_ += now.mine;
    must(at_work_ <= slots_, "[I2] more bodies work than there are slots, with " + c.task().id);
    co_await sleep_for(d);
  }

  awaitable<int> one_of_several(task_context c) {
    const auto child = random_call("");
    switch (pick(4)) {
      case 0: co_await sleep_for(ms(pick(800))); break;
      case 1: co_await c.wait(wait_reason::rate, sleep_for(ms(pick(800)))); break;
      case 2: (void)co_await c.call(child); break;
      default: (void)co_await call_for_a_while(c, child); break;
    }
    co_return 0;
  }

  awaitable<result<task_result>> call_for_a_while(task_context c, task_call child) {
    const auto call = [c, child]() mutable { return c.call(child); };
    co_return co_await timeout<task_result>(ms(1 + pick(1500)), "the child", call);
  }

  awaitable<void> reserve_some(task_context c) {
    result<budget_reservation> mine = co_await c.reserve({pick(40), 0});
    if (!mine) co_return;
    co_await work(c, ms(pick(500)));
    if (chance(70)) mine->settle({pick(40), 0});
  }

  awaitable<void> step(task_context c, int depth) {
    const int what = pick(depth < 3 ? 13 : 8);
    const auto ask = [c, limit = ms(100 + pick(2000))]() mutable { return c.ask({.message = "?", .timeout = limit}); };
    const auto both = [this, c] { return one_of_several(c); };
    const auto lasting = [limit = ms(pick(7000))] { return sleep_for(limit); };
    token_usage used;
    used.prompt_tokens = pick(10);
    switch (what) {
      case 0: co_await c.wait(wait_reason::rate, sleep_for(ms(pick(1500)))); break;
      case 1: (void)co_await timeout<approval_answer>(ms(1 + pick(1500)), "an answer", ask); break;
      case 2: co_await reserve_some(c); break;
      case 3: c.report_progress(pick(11) / 10.0); break;
      case 4: c.report_usage(used); break;
      case 5:
        if (chance(30)) co_await shield(lasting);
        break;
      case 8: (void)c.spawn(random_call(chance(50) ? "" : "c" + std::to_string(pick(3)))); break;
      case 9:
      case 10: (void)co_await c.call(random_call(chance(50) ? "" : "d" + std::to_string(pick(3)))); break;
      case 11: (void)co_await call_for_a_while(c, random_call("")); break;
      case 12: (void)co_await gather<int>({both, both}); break;
      default: co_await work(c, ms(pick(1500))); break;
    }
  }

  awaitable<result<task_output>> body(task_context c, int depth) {
    for (int steps = 1 + pick(3); steps > 0; --steps) co_await step(c, depth);
    const int end = pick(10);
    if (end < 2) co_return fail(errc::task_failed, "as drawn", chance(80) ? retry_class::transient : retry_class::terminal);
    if (end == 2) throw std::runtime_error("as drawn");
    if (end == 3) co_return task_output("text");
    co_return task_output(chance(60));
  }

  // Outside -------------------------------------------------------------------------------------------------------------

  awaitable<void> disturb(corchestra::run& r) {
    const std::string id = ids_[static_cast<std::size_t>(pick(static_cast<int>(ids_.size())))];
    const std::string agent = chance(50) ? "" : "a";
    switch (pick(12)) {
      case 0: (void)co_await r.cancel_task(id); break;
      case 1:
        co_await r.pause(agent);
        co_await sleep_for(ms(pick(3000)));
        co_await r.resume(agent);
        break;
      case 2:
        if (chance(30)) r.request_cancel("enough");
        break;
      case 3:
        if (chance(30)) r.request_drain();
        break;
      case 4: (void)co_await r.answer(id, chance(70)); break;
      case 5: (void)co_await r.spawn(id, random_call("e")); break;
      case 6: (void)co_await r.cancel_agent("b"); break;
      case 7: (void)co_await r.submit({random_call("late" + std::to_string(pick(3)))}); break;
      case 8:
        if (chance(20)) co_await orchestrator_.shutdown(ms(1 + pick(3000)));
        break;
      default: break;
    }
    for (const auto& each : ids_) (void)co_await r.why(each);
  }

  awaitable<run_result> from_outside(corchestra::run r) {
    for (int times = pick(5); times > 0; --times) {
      co_await sleep_for(ms(pick(4000)));
      co_await disturb(r);
    }
    for (int tries = 0; tries < 400; ++tries) {  // somebody answers in the end
      const run_status s = co_await r.status();
      if (is_terminal(s.state)) break;
      if (s.state == run_state::paused) co_await r.resume();
      for (const auto& q : s.approvals) (void)co_await r.answer(q.task_id, true);
      co_await sleep_for(std::chrono::seconds(1));
    }
    run_result ended = co_await r.wait();
    locks_at_end_ = co_await r.locks();
    co_return ended;
  }

  // Promises ------------------------------------------------------------------------------------------------------------

  void see(const event& e) {
    metrics_(e);
    shares_(e);
    if (e.type == event_type::warning) {
      const std::string text = e.data.value("message", "");
      must(!text.starts_with("internal"), text);
    }
    if (e.task == no_task) return;
    if (e.type == event_type::task_submitted) {
      submitted_[e.task] = e.at;
      weights_[e.task] = e.call->rules ? std::min<std::size_t>(e.call->rules->weight, slots_) : 1;
    }
    working_[e.task] = e.state == task_state::running && e.waiting == wait_reason::none && e.type != event_type::attempt_ended;
    std::size_t in_use = 0;
    for (const auto& [t, works] : working_) in_use += works ? weights_[t] : 0;
    must(in_use <= slots_, "[I2] more slots in use than there are, with " + std::string(e.task_id));
    if (e.type != event_type::task_ended) return;
    working_.erase(e.task);
    const auto spent = shares_.of(e.task);
    must(spent && spent->total() == e.at - submitted_[e.task], "[I6] the shares of " + std::string(e.task_id) + " do not sum up");
  }

  void judge(const run_result& r) {
    const auto check = [](bool holds, const std::string& what) {
      if (!holds) throw std::logic_error(what);
    };
    for (const auto& t : r.results) {
      check(r.state == run_state::interrupted || is_terminal(t.state), "[I1] " + t.id + " has not ended");
      check(!is_terminal(t.state) || t.success() || !t.reason.empty(), "[I5] " + t.id + " gives no reason");
    }
    for (const auto& l : locks_at_end_) {
      const bool lock = l.capacity == 0;
      check(!lock || l.quarantined || l.holders.empty(), "[I1] " + l.resource + " is held at the end");
    }
    const run_metrics folded = metrics_.value();
    check(folded.counts == r.metrics.counts, "the counts of events are others");
    check(folded.sequential == r.metrics.sequential, "the work by events is another");
    check(folded.peak_width == r.metrics.peak_width, "the width by events is another");
    check(r.metrics.longest_path <= r.metrics.wall, "the longest path is longer than the run");
    check(to_seconds(r.metrics.wall) < 3000, "something stood still for long");
  }

  std::mt19937_64 dice_;
  testing::virtual_time_context time_;
  orchestrator orchestrator_;
  std::vector<std::string> ids_;
  std::size_t slots_ = 0, at_work_ = 0;
  std::string broken_;
  metrics_fold metrics_;
  time_attribution shares_;
  std::map<task_index, time_point> submitted_;
  std::map<task_index, std::size_t> weights_;
  std::map<task_index, bool> working_;
  std::vector<lock_status> locks_at_end_;
};

}  // namespace corchestra::tests
