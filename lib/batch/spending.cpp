#include "batch/spending.hpp"

#include <corchestra/llm/cost.hpp>

namespace corchestra::batch {

std::optional<llm::money> spending::bound(const request_line& line) {
  return budget_ ? bound_of(line, bounds_).most : std::nullopt;
}

bool spending::reserve(const request_line& line) {
  if (!budget_) return true;
  const llm::money most = bound(line).value_or(llm::money());
  if (totals_.spent + reserved_ + most > *budget_) return false;
  reserved_ += most;
  return true;
}

void spending::release(const request_line& line) { reserved_ -= bound(line).value_or(llm::money()); }

std::optional<llm::money> spending::cost(const request_line& line, const llm::billed_call& billed) {
  return llm::cost_of(billed.model.empty() ? nullptr : price_served_.find(billed.model), price_asked_.find(line.model),
                      billed.usage, billed.service_tier);
}

llm::money spending::unspent() const {
  llm::money rest = budget_.value_or(llm::money());
  return rest > totals_.spent ? rest -= totals_.spent : llm::money();
}

void spending::settle(const request_line& line, int status, bool sent, const llm::billed_call& billed, bool last) {
  release(line);
  totals_.usage += billed.usage;
  if (const auto known = cost(line, billed)) {
    totals_.spent += *known;
    (last ? unwritten_ : unrecorded_) += *known;
    return;
  }
  const bool answered = status >= 200 && status <= 299;
  if (!answered && !(status == 0 && sent)) return;  // a refusal costs nothing
  if (const auto most = bound(line)) {
    totals_.spent += *most;
    unrecorded_ += *most;
    ++totals_.estimated_calls;
  } else if (answered) {
    ++totals_.unpriced_calls;
  }
}

}  // namespace corchestra::batch
