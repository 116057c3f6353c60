#include "batch/spending.hpp"

#include <corchestra/llm/cost.hpp>

namespace corchestra::batch {

llm::money spending::bound(const request_line& line) const {
  if (!budget_ || !prices_) return {};
  return bound_of(line, *prices_).most.value_or(llm::money());
}

bool spending::reserve(const request_line& line) {
  if (!budget_) return true;
  const llm::money most = bound(line);
  if (totals_.spent + reserved_ + most > *budget_) return false;
  reserved_ += most;
  return true;
}

void spending::release(const request_line& line) { reserved_ -= bound(line); }

void spending::settle(const request_line& line, int status, bool sent, const llm::billed_call& billed) {
  release(line);
  totals_.usage += billed.usage;
  std::optional<llm::money> cost;
  if (billed.usage.known() && prices_) {
    cost = llm::cost_of(*prices_, billed.model.empty() ? line.model : billed.model, billed.usage, billed.service_tier);
    if (!cost) cost = llm::cost_of(*prices_, line.model, billed.usage, billed.service_tier);
  }
  if (cost) {
    totals_.spent += *cost;
    return;
  }
  const bool answered = status >= 200 && status <= 299;
  if (!answered && !(status == 0 && sent)) return;  // a refusal costs nothing
  if (budget_ && bound_of(line, prices_ ? *prices_ : llm::price_table()).most) {
    totals_.spent += bound(line);
    taken_at_most_ += bound(line);
    ++totals_.estimated_calls;
  } else if (answered) {
    ++totals_.unpriced_calls;
  }
}

}  // namespace corchestra::batch
