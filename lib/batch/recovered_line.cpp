#include "batch/recovered_line.hpp"

#include <corchestra/llm/cost.hpp>

#include "batch/json_members.hpp"
#include "llm/reply_skim.hpp"

namespace corchestra::batch {

void count_recovered(std::string_view line, line_state what, const llm::price_table* prices, batch_totals& totals) {
  if (what == line_state::failed) {
    ++totals.failures[string_of(raw_member(raw_member(line, "error"), "code")).value_or("unknown")];
    return;
  }
  llm::billed_call billed;
  const std::string_view body = raw_member(raw_member(line, "response"), "body");
  if (const auto read = llm::skim_reply(body, "application/json", billed); read.has_error()) return;
  totals.usage += billed.usage;
  const auto cost = prices && billed.usage.known()
                        ? llm::cost_of(*prices, billed.model, billed.usage, billed.service_tier)
                        : std::optional<llm::money>();
  if (cost) {
    totals.spent += *cost;
  } else {
    ++totals.unpriced_calls;
  }
}

}  // namespace corchestra::batch
