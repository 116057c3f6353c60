#include <corchestra/monitor/prometheus.hpp>

#include <optional>
#include <utility>
#include <vector>

#include <corchestra/base/text.hpp>

#include "monitor/prometheus_models.hpp"

namespace corchestra {

namespace {

using detail::exposition;

void add_uses(exposition& out, const time_shares& uses) {
  out.family("task_time_seconds_total", "counter", "Time of tasks since their submission, by what it was spent on.");
  for (int u = 0; u < time_use_count; ++u) {
    const auto use = static_cast<time_use>(u);
    out.sample(to_seconds(uses[use]), "use", to_string(use));
  }
}

void add_budgets(exposition& out, std::span<const std::pair<std::string, budget_status>> budgets) {
  const auto family = [&](std::string_view name, std::string_view help, auto value) {
    bool any = false;
    for (const auto& [budget, status] : budgets) {
      const std::optional<double> v = value(status);
      if (!v) continue;
      if (!std::exchange(any, true)) out.family(name, "gauge", help);
      out.sample(*v, "budget", budget);
    }
  };
  const auto number = [](std::int64_t n) { return std::optional(static_cast<double>(n)); };
  const auto dollars = [](std::int64_t n) { return std::optional(static_cast<double>(n) / 1e6); };
  const auto limit = [](const std::optional<std::int64_t>& n, auto as) { return n ? as(*n) : std::nullopt; };
  family("budget_spent_tokens", "Tokens spent.", [&](const auto& s) { return number(s.spent.tokens); });
  family("budget_reserved_tokens", "Tokens reserved by running tasks.",
         [&](const auto& s) { return number(s.reserved.tokens); });
  family("budget_limit_tokens", "Most tokens that may be spent.",
         [&](const auto& s) { return limit(s.limit.tokens, number); });
  family("budget_spent_dollars", "Money spent.", [&](const auto& s) { return dollars(s.spent.micro_dollars); });
  family("budget_reserved_dollars", "Money reserved by running tasks.",
         [&](const auto& s) { return dollars(s.reserved.micro_dollars); });
  family("budget_limit_dollars", "Most money that may be spent.",
         [&](const auto& s) { return limit(s.limit.micro_dollars, dollars); });
}

}  // namespace

std::string prometheus_text(const run_metrics& m, std::string_view run_name, const prometheus_details& details) {
  exposition out(run_name);
  out.family("tasks", "gauge", "Tasks of the run by state.");
  for (int s = 0; s < task_state_count; ++s) {
    const auto state = static_cast<task_state>(s);
    out.sample(m.count(state), "state", to_lower(to_string(state)));
  }
  out.family("slots", "gauge", "Most tasks that may run at once.").sample(m.slots);
  out.family("peak_width", "gauge", "Most tasks that ran at once.").sample(m.peak_width);
  out.family("wall_seconds", "gauge", "Time since the run started, or its whole time.").sample(to_seconds(m.wall));
  out.family("sequential_seconds", "gauge", "Sum of the tasks' last attempts.").sample(to_seconds(m.sequential));
  out.family("speedup", "gauge", "Sequential time divided by wall time.").sample(m.speedup());
  out.family("bound_speedup", "gauge", "The most that any scheduler could have reached.").sample(m.bound_speedup());
  out.family("efficiency", "gauge", "Speed-up divided by the width reached, and by the slots.");
  out.sample(m.efficiency_of_width(), "of", "width").sample(m.efficiency_of_slots(), "of", "slots");
  out.family("average_wait_seconds", "gauge", "From submission to first start, of started tasks.");
  out.sample(to_seconds(m.average_wait));
  out.family("average_execution_seconds", "gauge", "Of last attempts.").sample(to_seconds(m.average_execution));
  if (m.usage.known()) {
    out.family("tokens_total", "counter", "Tokens as the endpoint reported them; cached and reasoning are parts.");
    const std::pair<std::string_view, std::int64_t> kinds[] = {{"prompt", m.usage.prompt_tokens},
                                                               {"completion", m.usage.completion_tokens},
                                                               {"cached", m.usage.cached_tokens},
                                                               {"reasoning", m.usage.reasoning_tokens}};
    for (const auto& [kind, n] : kinds) out.sample(static_cast<double>(n), "kind", kind);
    out.family("model_calls_total", "counter", "Replies of models that carried usage.");
    out.sample(static_cast<double>(m.usage.calls));
  }
  if (!m.agents.empty()) {
    out.family("agent_tasks_total", "counter", "Tasks that ended, by agent.");
    for (const auto& [name, a] : m.agents) out.sample(a.tasks, "agent", name);
    out.family("agent_successes_total", "counter", "Tasks that completed, by agent.");
    for (const auto& [name, a] : m.agents) out.sample(a.successes, "agent", name);
  }
  out.family("callback_failures_total", "counter", "Callbacks that threw.").sample(m.callback_failures);
  if (details.uses) add_uses(out, *details.uses);
  add_budgets(out, details.budgets);
  if (details.calls) detail::add_model_calls(out, *details.calls);
  detail::add_limiters(out, details.limiters);
  return out.take();
}

}  // namespace corchestra
