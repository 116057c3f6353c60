#include "batch/recovered_line.hpp"

#include <corchestra/llm/cost.hpp>

#include "batch/json_members.hpp"
#include "llm/reply_skim.hpp"

namespace corchestra::batch {

namespace {

std::optional<llm::money> cost_of(const llm::billed_call& billed, const llm::price_table& prices,
                                  const std::optional<batch_input>& input) {
  auto cost = llm::cost_of(prices, billed.model, billed.usage, billed.service_tier);
  if (cost || !input) return cost;
  for (const auto& [model, share] : input->models) {
    const auto asked = llm::cost_of(prices, model, billed.usage, billed.service_tier);
    if (asked && (!cost || *asked > *cost)) cost = asked;
  }
  return cost;
}

}  // namespace

void count_recovered(std::string_view line, line_state what, const llm::price_table* prices, batch_state& state) {
  batch_totals& totals = state.totals;
  if (what == line_state::failed) {
    ++totals.failures[string_of(raw_member(raw_member(line, "error"), "code")).value_or("unknown")];
    return;
  }
  llm::billed_call billed;
  const std::string_view body = raw_member(raw_member(line, "response"), "body");
  if (const auto read = llm::skim_reply(body, "application/json", billed); read.has_error()) return;
  totals.usage += billed.usage;
  const auto cost =
      prices && billed.usage.known() ? cost_of(billed, *prices, state.input()) : std::optional<llm::money>();
  if (cost) {
    totals.spent += *cost;
  } else {
    ++totals.unpriced_calls;
  }
}

}  // namespace corchestra::batch
