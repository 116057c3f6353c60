#include "plan/budget_reader.hpp"

#include "plan/money.hpp"

namespace corchestra::plan_file {

namespace {

constexpr std::int64_t max_tokens = 1'000'000'000'000;

std::int64_t read_usd(const field& f) {
  const std::optional<std::int64_t> micro_dollars = json_to_micro_dollars(f.value().value);
  if (!micro_dollars) f.expected("dollars with at most 6 decimals, such as 1.50");
  return micro_dollars.value_or(0);
}

void read_parts(const field& f, budget_limit& l) {
  if (const auto x = f.member("tokens")) l.tokens = x->integer(0, max_tokens);
  if (const auto x = f.member("usd")) l.micro_dollars = read_usd(*x);
}

}  // namespace

budget_limit read_budget_limit(const field& f) {
  budget_limit l;
  if (f.object({"tokens", "usd"})) read_parts(f, l);
  return l;
}

budget_amount read_budget_amount(const field& f) {
  const budget_limit l = read_budget_limit(f);
  return {l.tokens.value_or(0), l.micro_dollars.value_or(0)};
}

budget_options read_budget_options(const field& f) {
  budget_options b;
  if (!f.object({"tokens", "usd", "alert_at", "on_exhausted", "agents", "allow_unpriced"})) return b;
  read_parts(f, b.run);
  if (const auto x = f.member("alert_at")) b.alert_at = x->number(0, 1);
  if (const auto x = f.member("on_exhausted"))
    b.on_exhausted = x->choice<on_exhausted>({{"stop", on_exhausted::stop}, {"cancel", on_exhausted::cancel}});
  if (const auto x = f.member("agents")) {
    if (!x->is_object()) x->expected("an object of budgets by agent");
    for (const auto& [name, limit] : x->entries()) b.agents.emplace(name, read_budget_limit(limit));
  }
  return b;
}

}  // namespace corchestra::plan_file
