// Whether a run's options can be meant: whatever is wrong with them is said before anything starts.
#include "core/scheduler_impl.hpp"
#include "core/state_reducers.hpp"

namespace corchestra {

namespace {

error wrong_option(std::string message) { return fail(errc::invalid_argument, std::move(message)); }

bool not_above_zero(optional_duration limit) { return limit && *limit <= duration::zero(); }

bool is_negative(const budget_limit& l) { return l.tokens.value_or(0) < 0 || l.micro_dollars.value_or(0) < 0; }

result<void> check_run_limits(const run_options& o) {
  const auto& l = o.limits;
  if (l.max_concurrent_tasks == 0 && o.mode != scheduling_mode::sequential) {
    return wrong_option("limits.max_concurrent_tasks must be at least 1");
  }
  if (l.max_depth > 65'535) return wrong_option("limits.max_depth must be at most 65,535");
  if (not_above_zero(l.run_timeout)) return wrong_option("limits.run_timeout must be above zero");
  if (not_above_zero(l.default_start_to_close)) return wrong_option("limits.default_start_to_close must be above zero");
  if (l.cancel_grace < duration::zero()) return wrong_option("limits.cancel_grace cannot be negative");
  if (o.give_up_after < duration::zero()) return wrong_option("give_up_after cannot be negative");
  if (o.retry_budget && !(*o.retry_budget >= 0)) return wrong_option("retry_budget cannot be negative");
  for (const auto& [name, g] : o.groups) {
    if (not_above_zero(g.timeout)) return wrong_option(concat("group ", quote(name), ": timeout must be above zero"));
    if (g.max_failed_percent && !(*g.max_failed_percent >= 0 && *g.max_failed_percent <= 100)) {
      return wrong_option(concat("group ", quote(name), ": max_failed_percent must be from 0 to 100"));
    }
  }
  if (is_negative(o.budget.run)) return wrong_option("budget: a limit cannot be negative");
  for (const auto& [name, limit] : o.budget.agents) {
    if (is_negative(limit)) return wrong_option(concat("budget of agent ", quote(name), ": a limit cannot be negative"));
  }
  return {};
}

}  // namespace

result<void> scheduler::impl::check_retry(const retry_policy& p) {
  if (p.max_retries >= 0 && p.factor >= 1 && p.first_delay >= duration::zero() && p.max_delay >= duration::zero()) return {};
  return wrong_option("a retry policy needs max_retries >= 0, factor >= 1, first_delay >= 0 and max_delay >= 0");
}

result<void> scheduler::impl::check_options(const run_options& o) {
  if (auto ok = check_run_limits(o); ok.has_error()) return ok;
  for (const auto& [name, weight] : o.fairness) {
    if (!(weight > 0)) return wrong_option(concat("fairness key ", quote(name), ": the weight must be above 0"));
  }
  for (const auto& [key, name] : o.reducers) {
    if (is_reducer(name)) continue;
    return wrong_option(concat("state key ", quote(key), ": there is no reducer ", quote(name),
                               "; there are last, append, merge, sum, min, max, union"));
  }
  if (o.mode == scheduling_mode::parallel && !o.unsafe_ignore_dependencies) {
    return wrong_option(
        "mode parallel ignores dependencies, which gives wrong results unless they are not real: confirm it "
        "with unsafe_ignore_dependencies, or use mode auto");
  }
  if (auto ok = check_retry(o.retry); ok.has_error()) return ok;
  if (o.order == start_order::custom && !o.score) return wrong_option("order custom needs a score function");
  return {};
}

}  // namespace corchestra
