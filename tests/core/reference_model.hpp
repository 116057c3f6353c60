#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>

#include "core/budget_model.hpp"
#include "core/resource_model.hpp"

namespace corchestra::tests {

/// Who may start when, and who holds what, said a second time: from the events and task calls alone, with no queues, no
/// indexes and no code of the engine. Throws std::logic_error at the first start that breaks a promise.
class reference_model {
 public:
  struct task {
    task_call call;
    task_rules rules;            // with the key it has from its parent
    std::set<task_index> needs;  // with the subtree bit
    std::vector<task_index> children;
    task_index parent = no_task;
    task_state state = task_state::pending;
    wait_reason waiting = wait_reason::none;
    skip_cause skipped{};
    json output;
    std::uint32_t attempts = 0;
    bool running = false, abandoned = false, approved = false;
  };

  explicit reference_model(run_options o)
      : options(std::move(o)), resources(options.resources), budgets(options.budget) {
    if (options.mode == scheduling_mode::sequential) options.limits.max_concurrent_tasks = 1;
  }

  /// An abandoned body has ended: its locks are back, without an event.
  void body_ended(task_index t) { resources.give_back(t); }

  void operator()(const event& e) {
    now = e.at;
    if (e.type == event_type::task_submitted) return submitted(e), budgets(e);
    for (const task_index t : std::exchange(unlinked, {})) link(tasks.at(t));
    if (e.task == no_task) return of_run(e);
    task& t = tasks.at(e.task);
    if (e.type == event_type::attempt_started) started(t, e.task);
    budgets(e);
    if (e.type == event_type::attempt_ended) {
      t.running = false;
      t.abandoned = e.data.is_object() && e.data.contains("outcome");
      const bool keeps = e.retry_in && t.rules.hold_across_waits && !draining && !is_paused(t);
      if (!t.abandoned && !keeps) resources.give_back(e.task);
    } else if (e.type == event_type::approval_answered && !t.running) {
      t.approved = e.data.at("approved").get<bool>();
    } else if (e.type == event_type::task_state_changed) {
      const bool goes_on = t.running && t.waiting != wait_reason::none && e.waiting == wait_reason::none;
      t.state = e.state, t.waiting = e.waiting;
      if (t.waiting == wait_reason::paused) resources.give_back(e.task);
      check(!goes_on || slots_fit(t, 0), t, "never more slots than there are");
    } else if (e.type == event_type::task_ended) {
      check(e.state != task_state::skipped || judge(t, false) == fate::never, t,
            "skipped only when its join cannot be");
      t.state = e.state, t.waiting = {}, t.skipped = e.result->skipped, t.output = e.result->output.value;
      if (!t.abandoned) resources.give_back(e.task);
    }
  }

  static bool fine(const task& t) {
    return t.state == task_state::completed ||
           (t.state == task_state::skipped && t.skipped != skip_cause::upstream_failed);
  }
  bool all_below(task_index i, bool (*what)(const task&)) const {
    const task& t = tasks.at(i);
    return what(t) && std::ranges::all_of(t.children, [&](task_index c) { return all_below(c, what); });
  }
  static bool works(const task& t) { return t.running && t.waiting == wait_reason::none; }
  std::uint32_t weight(const task& t) const { return std::min(t.rules.weight, options.limits.max_concurrent_tasks); }
  std::uint64_t slots_in_use(const std::function<bool(const task&)>& counts = {}) const {
    std::uint64_t sum = 0;
    for (const auto& [i, t] : tasks) sum += works(t) && (!counts || counts(t)) ? weight(t) : 0;
    return sum;
  }
  /// What keeps it from starting; null when nothing does.
  const char* obstacle(task_index i) const {
    const task& t = tasks.at(i);
    if (t.running || is_terminal(t.state)) return "it runs or has ended";
    if (t.attempts == 0 && judge(t, true) != fate::start) return "its dependencies";
    if (t.rules.approval && !t.approved) return "its approval";
    if (!draining && is_paused(t)) return "a pause";
    if (!slots_fit(t, weight(t))) return "no free slot";
    if (!resources.fits(i, t.call, now)) return "a conflicting lock, or the limit of a counter or rate";
    return budgets.fits(i) ? nullptr : "a budget";
  }

  run_options options;
  resource_model resources;
  budget_model budgets;
  std::map<task_index, task> tasks;
  std::set<std::string> paused;  // agents; the run without a name
  bool draining = false;

 private:
  enum class fate : std::uint8_t { open, start, never };
  static void check(bool holds, const task& t, const char* promise) {
    if (!holds) throw std::logic_error(t.call.id + ": broken: " + promise);
  }
  void of_run(const event& e) {
    const auto agent = [&] { return e.data.is_object() && e.data.contains("agent") ? e.data.at("agent") : json(""); };
    draining = draining || e.type == event_type::run_draining;
    if (e.type == event_type::run_paused) paused.insert(agent());
    if (e.type == event_type::run_resumed) paused.erase(agent());
    for (const auto& [i, t] : tasks) {  // what others need may keep what it has, and only that
      if ((draining || is_paused(t)) && !t.running && !ended(t)) resources.give_back(i);
    }
  }
  void submitted(const event& e) {
    task& t = tasks[e.task];
    t.call = *e.call;
    if (t.call.rules) t.rules = *t.call.rules;
    ids[t.call.id] = e.task;
    if (options.mode != scheduling_mode::parallel) unlinked.push_back(e.task);  // which ignores what they need
    if ((t.parent = e.parent) == no_task) return;
    tasks.at(t.parent).children.push_back(e.task);
    if (t.rules.fairness_key.empty()) t.rules.fairness_key = tasks.at(t.parent).rules.fairness_key;
  }
  void link(task& t) {
    for (const std::string& name : t.call.depends_on) {
      const bool whole = name.ends_with("/*");
      t.needs.insert(ids.at(whole ? name.substr(0, name.size() - 2) : name) | (whole ? subtree_bit : 0));
    }
  }
  void started(task& t, task_index i) {
    if (const char* why = obstacle(i)) throw std::logic_error(t.call.id + " started in spite of: " + why);
    resources.take(i, t.call, now);
    ++t.attempts, t.running = true, t.state = task_state::running, t.waiting = {};
  }

  static bool ended(const task& t) { return is_terminal(t.state); }
  bool is_paused(const task& t) const { return paused.contains("") || paused.contains(t.call.agent); }
  static bool chosen(const task& up, const std::string& id) {
    if (!up.rules.branch) return true;
    const auto names = [&](const std::vector<std::string>& l) { return std::ranges::find(l, id) != l.end(); };
    const json value = up.output.is_object() ? up.output.value(up.rules.branch->pointer.substr(1), json()) : json();
    bool named = names(up.rules.branch->otherwise), taken = named;
    for (const auto& c : up.rules.branch->cases) named = named || names(c.tasks);
    for (const auto& c : up.rules.branch->cases) taken = c.equals == value ? names(c.tasks) : taken;
    return taken || !named;
  }
  /// By its join policy. An awaited child may fail within a fine subtree: either way is right.
  fate judge(const task& t, bool starting) const {
    std::size_t good = 0, bad = 0, harmless = 0, open = 0;
    bool refused = false;  // by a branch, which counts for every join
    for (const task_index n : t.needs) {
      const task_index i = n & ~subtree_bit;
      const bool whole = i != n, completed = tasks.at(i).state == task_state::completed;
      if (whole ? !all_below(i, ended) : !ended(tasks.at(i))) {
        ++open;
      } else if (completed && !whole && !chosen(tasks.at(i), t.call.id)) {
        refused = true, ++harmless;
      } else if (completed && (!whole || starting || all_below(i, fine))) {
        ++good;
      } else {
        ++(fine(tasks.at(i)) && !(whole && completed) ? harmless : bad);
      }
    }
    using enum join_policy;
    const auto join = t.rules.join;
    const auto decide = [](bool start, bool never) { return start ? fate::start : never ? fate::never : fate::open; };
    const std::size_t enough = t.needs.empty() ? 0 : join == quorum ? t.rules.quorum : 1;
    // One that needs only some may have been admitted before a branch refused it.
    const bool early = join == one_success || join == quorum;
    if (refused && !(starting && early)) return fate::never;
    if (early) return decide(good >= enough, good + open < enough);
    if (join == all_done) return decide(open == 0, false);
    if (join == all_success) return decide(open + bad + harmless == 0, bad + harmless > 0);
    return decide(open + bad == 0 && good >= enough, bad > 0 || open + good == 0);
  }

  bool slots_fit(const task& t, std::uint32_t more) const {
    const auto fits = [&](const std::map<std::string, std::uint32_t>& limits, const std::string& name, auto name_of) {
      const auto same = [&](const task& o) { return name_of(o) == name; };
      return !limits.contains(name) || slots_in_use(same) + more <= limits.at(name);
    };
    const auto& l = options.limits;
    return slots_in_use() + more <= l.max_concurrent_tasks &&
           fits(l.slots_by_agent, t.call.agent, [](const task& o) { return o.call.agent; }) &&
           fits(l.slots_by_task_type, t.call.task_type, [](const task& o) { return o.call.task_type; }) &&
           fits(l.slots_by_key, t.rules.fairness_key, [](const task& o) { return o.rules.fairness_key; });
  }

  time_point now{};
  std::map<std::string, task_index> ids;
  std::vector<task_index> unlinked;
};

}  // namespace corchestra::tests
