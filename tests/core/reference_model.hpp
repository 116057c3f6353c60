#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include <corchestra/core/plan.hpp>
#include <corchestra/core/time_attribution.hpp>

namespace corchestra::tests {

/// What the engine promises, judged from the events alone; shares no code with it. Throws std::logic_error at the first
/// event that breaks a promise.
class reference_model {
 public:
  struct task {
    task_call call;
    task_rules rules;
    std::vector<task_index> needs, children;
    task_index parent = no_task;
    std::string group;
    task_state state = task_state::pending;
    wait_reason waiting = wait_reason::none;
    skip_cause skipped{};
    json output;
    time_point submitted{}, started{}, since{};
    std::uint32_t attempts = 0, retries = 0, iteration = 1;
    std::int64_t tokens = 0, tokens_before = 0, own_tokens = 0, own_money = 0;  // spent, as attempts report it
    bool running = false, waited = false, holds = false, doomed = false, asked_to_stop = false, approved = false,
         over_limit = false, abandoned = false;
  };

  explicit reference_model(run_options o) : options(std::move(o)) {
    slots = options.mode == scheduling_mode::sequential ? 1 : options.limits.max_concurrent_tasks;
  }

  /// An abandoned body has ended: its locks are back, without an event.
  void body_ended(task_index t) { tasks.at(t).holds = false; }
  /// The next time this attempt goes on, it need not wait for a slot.
  void works_on(task_index t) { tasks.at(t).over_limit = true; }

  void operator()(const event& e) {
    check(e.seq == ++seq && e.at >= now && !ended, "numbered, in order of time, nothing after the end");
    now = e.at;
    times(e);
    if (e.task == no_task) return of_run(e);
    if (e.type == event_type::task_submitted) return submitted(e);
    task& t = tasks.at(e.task);
    where = std::string(e.task_id) + ": ";
    check(!is_terminal(t.state) || e.type == event_type::warning, "no events after a task's end");
    if (e.type == event_type::attempt_started) started(e, t);
    if (e.type == event_type::attempt_ended) attempt_ended(e, t);
    if (e.type == event_type::task_ended) task_ended(e, t);
    if (e.type == event_type::cancel_requested) t.asked_to_stop = true;
    if (e.type == event_type::approval_answered && !t.running) (e.data.at("approved") ? t.approved : t.doomed) = true;
    if (e.type == event_type::warning)
      check(e.data.at("message").get<std::string>().rfind("internal", 0) != 0, "illegal transition");
    if (e.type == event_type::model_call) spend(t, e.usage->total_tokens(), 0), t.tokens += e.usage->total_tokens();
    if (e.type == event_type::task_state_changed) {
      check(!is_terminal(e.state) && (e.state == task_state::running) == t.running, "states follow the attempts");
      check(e.state != task_state::waiting || e.waiting != wait_reason::none, "waiting has a reason");
      const bool again = t.running && t.waiting != wait_reason::none && e.waiting == wait_reason::none;
      t.waited = t.waited || t.running;
      t.state = e.state, t.waiting = e.waiting, t.since = now;
      if (again && !t.over_limit) check_slots(t);
    }
    where.clear();
  }

  std::map<task_index, task> tasks;
  run_options options;
  std::uint32_t slots = 0;
  bool paused = false, draining = false, ended = false;
  std::set<std::string> paused_agents;
  std::uint64_t seq = 0;

  bool working(const task& t) const { return t.running && t.waiting == wait_reason::none && !t.over_limit; }
  template <class F>
  std::uint64_t weight(F of) const {
    std::uint64_t sum = 0;
    for (const auto& [i, t] : tasks) sum += working(t) && of(t) ? t.rules.weight : 0;
    return sum;
  }
  /// Slots of the run, and of its agent, type and key, for `more` besides those at work.
  bool slots_fit(const task& t, std::uint32_t more) const {
    const auto fits = [&](const std::map<std::string, std::uint32_t>& limits, const std::string& of, auto same) {
      return !limits.contains(of) || weight(same) + more <= limits.at(of);
    };
    const auto& l = options.limits;
    return weight([](const task&) { return true; }) + more <= slots &&
           fits(l.slots_by_agent, t.call.agent, [&](const task& o) { return o.call.agent == t.call.agent; }) &&
           fits(l.slots_by_task_type, t.call.task_type,
                [&](const task& o) { return o.call.task_type == t.call.task_type; }) &&
           fits(l.slots_by_key, t.rules.fairness_key,
                [&](const task& o) { return o.rules.fairness_key == t.rules.fairness_key; });
  }
  /// Locks and counters beside what others hold, and rates.
  bool resources_fit(const task& t, bool rates = true) const {
    for (const auto& [i, o] : tasks) {
      if (!o.holds || &o == &t) continue;
      for (const auto& a : t.call.resources) {
        for (const auto& b : o.call.resources) {
          if (!limit(a.id) && conflict(a, b)) return false;
        }
      }
    }
    for (const auto& r : options.resources) {
      if (amount(t, r.id) == 0 || (r.period && !rates)) continue;
      std::uint64_t used = amount(t, r.id);
      for (const auto& [i, o] : tasks) used += !r.period && o.holds && &o != &t ? amount(o, r.id) : 0;
      for (const auto& [at, n] : r.period&& used_rates.contains(r.id) ? used_rates.at(r.id) : uses{})
        used += at + *r.period > now ? n : 0;
      if (used > r.capacity) return false;
    }
    return true;
  }
  /// Its reserve beside what was spent and what others have reserved.
  bool budget_fits(const task& t) const {
    budget_amount run, agent;  // reserved
    for (const auto& [i, o] : tasks) {
      if (!o.running || &o == &t) continue;
      const budget_amount rest{std::max<std::int64_t>(0, o.rules.reserve.tokens - (o.tokens - o.tokens_before)),
                               o.rules.reserve.micro_dollars};
      run += rest;
      if (o.call.agent == t.call.agent) agent += rest;
    }
    const auto fits = [](std::optional<std::int64_t> limit, std::int64_t used, std::int64_t reserved,
                         std::int64_t amount) {
      return !limit || (used < *limit && used + reserved + amount <= *limit);
    };
    const auto both = [&](const budget_limit& l, const budget_amount& used, const budget_amount& reserved) {
      return fits(l.tokens, used.tokens, reserved.tokens, t.rules.reserve.tokens) &&
             fits(l.micro_dollars, used.micro_dollars, reserved.micro_dollars, t.rules.reserve.micro_dollars);
    };
    for (task_index up = t.parent; up != no_task; up = tasks.at(up).parent) {
      const task& above = tasks.at(up);
      if (!both(above.rules.budget, {above.own_tokens, above.own_money}, {})) return false;
    }
    const auto l = options.budget.agents.find(t.call.agent);
    const auto a = agents.find(t.call.agent);
    return both(options.budget.run, spent, run) && both(t.rules.budget, {t.own_tokens, t.own_money}, {}) &&
           (l == options.budget.agents.end() ||
            both(l->second, a == agents.end() ? budget_amount{} : a->second, agent));
  }

 private:
  using uses = std::vector<std::pair<time_point, std::uint32_t>>;
  enum class fate : std::uint8_t { open, start, never };

  void check(bool holds, const char* promise) const {
    if (!holds) throw std::logic_error(where + "broken: " + promise);
  }
  const resource_limit* limit(const std::string& id) const {
    const auto it =
        std::find_if(options.resources.begin(), options.resources.end(), [&](const auto& r) { return r.id == id; });
    return it == options.resources.end() ? nullptr : &*it;
  }
  static std::uint32_t amount(const task& t, const std::string& id) {
    std::uint32_t n = 0;
    for (const auto& r : t.call.resources) n += r.id == id ? r.amount : 0;
    return n;
  }
  static bool conflict(const resource_request& a, const resource_request& b) {
    using enum lock_mode;
    const auto path = [](const std::string& id) {
      return id.starts_with("file:") || id.starts_with("directory:") ? "p" + id.substr(id.find(':') + 1) + "/"
                                                                     : "n" + id + "\n";
    };
    const auto pa = path(a.id), pb = path(b.id);
    if (!pa.starts_with(pb) && !pb.starts_with(pa)) return false;
    const auto intent = [](lock_mode m) {
      return m == exclusive || m == intent_exclusive ? intent_exclusive : intent_shared;
    };
    const auto x = pa.size() > pb.size() ? intent(a.mode) : a.mode, y = pb.size() > pa.size() ? intent(b.mode) : b.mode;
    if (x == exclusive || y == exclusive) return true;
    return (x == shared && y == intent_exclusive) || (y == shared && x == intent_exclusive);
  }
  void spend(task& t, std::int64_t tokens, std::int64_t money) {
    const budget_amount n{tokens, money};
    spent += n;
    agents[t.call.agent] += n;
    t.own_tokens += tokens, t.own_money += money;
    for (task_index up = t.parent; up != no_task; up = tasks.at(up).parent)
      tasks.at(up).own_tokens += tokens, tasks.at(up).own_money += money;
  }
  static bool fine(const task& t) {
    return t.state == task_state::completed ||
           (t.state == task_state::skipped &&
            (t.skipped == skip_cause::branch_not_taken || t.skipped == skip_cause::cached));
  }
  bool subtree_ended(task_index i) const {
    const auto& t = tasks.at(i);
    return is_terminal(t.state) &&
           std::all_of(t.children.begin(), t.children.end(), [&](task_index c) { return subtree_ended(c); });
  }
  bool subtree_fine(task_index i) const {
    const auto& t = tasks.at(i);
    return fine(t) && std::all_of(t.children.begin(), t.children.end(), [&](task_index c) { return subtree_fine(c); });
  }
  static bool chosen(const task& up, const std::string& id) {
    if (!up.rules.branch) return true;
    const auto in = [&](const std::vector<std::string>& l) { return std::find(l.begin(), l.end(), id) != l.end(); };
    const json at = up.output.is_object() ? up.output.value(up.rules.branch->pointer.substr(1), json()) : json();
    bool named = in(up.rules.branch->otherwise);
    for (const auto& c : up.rules.branch->cases) named = named || in(c.tasks);
    for (const auto& c : up.rules.branch->cases) {
      if (c.equals == at) return in(c.tasks) || !named;
    }
    return in(up.rules.branch->otherwise) || !named;
  }
  /// What the join policy makes of how the needs have ended. An awaited child may fail within a fine subtree: either
  /// way is right.
  fate judge(const task& t, bool starting) const {
    std::size_t good = 0, bad = 0, harmless = 0, open = 0;
    bool refused = false;  // by a branch, which counts for every join
    for (const task_index n : t.needs) {
      const bool whole = (n & subtree_bit) != 0;
      const auto& up = tasks.at(n & ~subtree_bit);
      if (whole ? !subtree_ended(n & ~subtree_bit) : !is_terminal(up.state)) {
        ++open;
      } else if (up.state == task_state::completed && !whole && !chosen(up, t.call.id)) {
        refused = true;
        ++harmless;
      } else if (up.state == task_state::completed && (whole || chosen(up, t.call.id)) &&
                 (!whole || starting || subtree_fine(n & ~subtree_bit))) {
        ++good;
      } else {
        ++(fine(up) && (!whole || up.state == task_state::skipped) ? harmless : bad);
      }
    }
    // These may have been admitted before.
    const bool early = starting && (t.rules.join == join_policy::one_success || t.rules.join == join_policy::quorum);
    if (refused && !early) return fate::never;
    const auto decide = [](bool start, bool never) { return start ? fate::start : never ? fate::never : fate::open; };
    switch (t.rules.join) {
      case join_policy::all_done:
        return decide(open == 0, false);
      case join_policy::one_success:
        return decide(good > 0 || t.needs.empty(), open == 0);
      case join_policy::quorum:
        return decide(good >= t.rules.quorum || t.needs.empty(), good + open < t.rules.quorum);
      case join_policy::none_failed_min_one_success:
        return decide(open + bad == 0 && (good > 0 || t.needs.empty()), bad > 0 || open + good == 0);
      default:
        return decide(open + bad + harmless == 0, bad + harmless > 0);
    }
  }

  void of_run(const event& e) {
    if (e.type == event_type::run_started) begun = now;
    if (e.type == event_type::run_draining) draining = true;
    if (e.type == event_type::cancel_requested) {
      cancelled = true;
      shutdown = e.data.at("reason") == "shutdown";
    }
    if (e.type == event_type::run_paused || e.type == event_type::run_resumed) {
      const bool on = e.type == event_type::run_paused;
      if (!e.data.is_object() || !e.data.contains("agent")) {
        paused = on;
      } else if (on) {
        paused_agents.insert(e.data.at("agent").get<std::string>());
      } else {
        paused_agents.erase(e.data.at("agent").get<std::string>());
      }
    }
    if (e.type != event_type::run_ended) return;
    ended = true;
    bool good = true, open = false;
    for (const auto& [i, t] : tasks) {
      check(!t.running, "no attempt outlives the run");
      open = open || !is_terminal(t.state);
      good = good && fine(t);
    }
    check(!open || draining, "a run ends when every task has ended, unless it is drained");
    const auto state = e.data.at("state").get<std::string>();
    check((state == "INTERRUPTED") == (open || (shutdown && !good)) && (open || (state == "COMPLETED") == good),
          "the run's state follows from its tasks'");
  }

  void submitted(const event& e) {
    check(!tasks.contains(e.task), "submitted once");
    task& t = tasks[e.task];
    t.call = *e.call;
    if (t.call.rules) t.rules = *t.call.rules;
    t.rules.weight = std::min(t.rules.weight, slots);
    t.needs.assign(e.needs.begin(), e.needs.end());
    t.submitted = t.since = now;
    t.group = t.rules.group;
    if ((t.parent = e.parent) == no_task) return;
    tasks.at(t.parent).children.push_back(e.task);
    if (t.group.empty()) t.group = tasks.at(t.parent).group;
    if (t.rules.fairness_key.empty()) t.rules.fairness_key = tasks.at(t.parent).rules.fairness_key;
  }

  void check_slots(const task& t) const { check(slots_fit(t, 0), "never more slots than there are"); }

  void started(const event& e, task& t) {
    check(!t.running && e.attempt == ++t.attempts, "one attempt at a time");
    check(!cancelled && !t.asked_to_stop && !t.doomed, "nothing starts after its cancellation");
    check(draining || (!paused && !paused_agents.contains(t.call.agent)), "nothing starts while it is paused");
    check(t.attempts > 1 || judge(t, true) == fate::start, "no start before its dependencies");
    check(!t.rules.approval || t.approved, "no start before its approval");
    const auto& l = t.call.limits;
    check(t.attempts > 1 || !l.schedule_to_start || now <= t.submitted + *l.schedule_to_start, "schedule_to_start");
    check(!l.schedule_to_close || now <= t.submitted + *l.schedule_to_close, "no start after the deadline");
    check(t.attempts == 1 || t.iteration > 1 || t.rules.effect != effect_class::at_most_once, "at most once");
    check(resources_fit(t, !t.holds), "never conflicting locks, nor more of a counter or rate than there is");
    check(budget_fits(t), "never more reserved than the budget has");
    for (const auto& r : options.resources) {
      if (r.period && !t.holds && amount(t, r.id) > 0) used_rates[r.id].emplace_back(now, amount(t, r.id));
    }
    t.running = t.holds = true;
    t.waited = t.over_limit = false;
    t.state = task_state::running, t.waiting = wait_reason::none;
    t.started = now;
    t.tokens_before = t.tokens;
    check_slots(t);
  }

  void attempt_ended(const event& e, task& t) {
    check(t.running && e.attempt == t.attempts, "only a running attempt ends");
    t.abandoned = e.data.is_object() && e.data.contains("outcome");
    check(!t.asked_to_stop || e.outcome != task_state::completed, "what was cancelled does not complete");
    const auto& l = t.call.limits;
    const auto limit = l.start_to_close ? l.start_to_close : options.limits.default_start_to_close;
    check(t.waited || !limit || now <= t.started + *limit + options.limits.cancel_grace, "start_to_close");
    if (const auto more = e.usage->total_tokens() - t.tokens; more > 0) spend(t, more, 0), t.tokens += more;
    // What nothing was told of counts as its reserve: of money never anything is told here.
    spend(t, t.tokens == t.tokens_before ? t.rules.reserve.tokens : 0, t.rules.reserve.micro_dollars);
    t.running = false;
    t.holds = t.abandoned || (e.retry_in && t.rules.hold_across_waits);
    const auto& retry = t.call.retry ? *t.call.retry : options.retry;
    if (e.retry_in) check(++t.retries <= static_cast<std::uint32_t>(retry.max_retries), "no more retries than allowed");
    if (!e.retry_in) t.retries = 0;
    if (!e.data.is_object() || !e.data.contains("iteration")) return;
    check(t.rules.repeat && t.iteration == e.data.at("iteration") && t.iteration < t.rules.repeat->max_iterations,
          "bounded loops");
    ++t.iteration;
  }

  void task_ended(const event& e, task& t) {
    const auto& r = *e.result;
    check(is_terminal(r.state) && r.state == e.state && !t.running, "it ends in a terminal state, after its attempt");
    check(r.attempts == t.attempts && (r.state != task_state::completed || t.attempts > 0),
          "it completes by an attempt");
    check((r.state == task_state::completed) == r.reason.empty(), "whatever did not complete says why");
    check((r.state == task_state::skipped) == (r.skipped != skip_cause::none), "a skipped task has a cause");
    check((r.state == task_state::cancelled) == (r.cancelled != cancel_reason::none) ||
              r.state == task_state::timeout || r.state == task_state::limit_exceeded,
          "a cancelled task has a reason");
    check(r.state == task_state::completed || r.state == task_state::skipped || r.error, "a failed task has an error");
    check(r.state != task_state::skipped || judge(t, false) == fate::never, "skipped only when its join cannot be");
    check(r.iterations == t.iteration, "iterations are counted");
    const auto& l = t.call.limits;
    check(!l.schedule_to_close || now <= t.submitted + *l.schedule_to_close + options.limits.cancel_grace,
          "schedule_to_close");
    check(times.of(e.task)->total() == now - t.submitted, "attributed times sum up to the wall time");
    t.holds = t.abandoned;
    t.state = r.state, t.waiting = wait_reason::none, t.skipped = r.skipped;
    t.output = r.output.value;
    if (fine(t) || r.state == task_state::skipped || r.state == task_state::cancelled) return;
    const auto doom = [&](auto which) {
      for (auto& [i, o] : tasks) o.doomed = o.doomed || (&o != &t && which(o));
    };
    ++failures;
    if (options.fail_fast || (options.max_failed && failures > *options.max_failed))
      doom([](const task&) { return true; });
    if (t.group.empty()) return;
    const auto& g = options.groups.at(t.group);
    const auto members =
        std::count_if(tasks.begin(), tasks.end(), [&](const auto& o) { return o.second.group == t.group; });
    const auto failed = ++group_failures[t.group];
    if (g.fail_fast || (g.max_failed && failed > *g.max_failed) ||
        (g.max_failed_percent &&
         static_cast<double>(failed) * 100 > *g.max_failed_percent * static_cast<double>(members))) {
      doom([&](const task& o) { return o.group == t.group; });
    }
  }

  time_point now{}, begun{};
  bool cancelled = false, shutdown = false;
  budget_amount spent;
  std::map<std::string, budget_amount> agents;
  std::map<std::string, uses> used_rates;
  std::map<std::string, std::size_t> group_failures;
  std::size_t failures = 0;
  std::string where;
  time_attribution times{time_attribution::keep::tasks};
};

}  // namespace corchestra::tests
