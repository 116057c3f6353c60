#include "batch/cost_bound.hpp"

#include <algorithm>

namespace corchestra::batch {

namespace {

using llm::token_kind;

// The server may serve a call at another tier than was asked for, and count its prompt as longer or shorter.
std::optional<llm::token_price> dearest(const llm::model_price& price, std::initializer_list<token_kind> kinds,
                                        llm::price_tier tier, std::int64_t prompt_tokens) {
  std::optional<llm::token_price> most;
  const auto consider = [&](llm::price_tier t, std::int64_t length) {
    for (const token_kind kind : kinds) {
      if (const auto p = price.of(kind, t, length)) most = std::max(most.value_or(0), *p);
    }
  };
  for (const std::int64_t length : {std::int64_t{0}, prompt_tokens}) {
    consider(tier, length);
    if (tier != llm::price_tier::standard) consider(llm::price_tier::standard, length);
  }
  return most;
}

}  // namespace

cost_bound bound_of(const request_line& line, const llm::price_table& prices) {
  const llm::model_price* price = prices.find(line.model);
  if (price == nullptr) return {{}, unbounded::no_price};
  const auto bytes = static_cast<std::int64_t>(line.body.size());
  const llm::price_tier tier = llm::price_tier_of(line.service_tier);
  const auto input =
      dearest(*price, {token_kind::input, token_kind::cached, token_kind::cache_write, token_kind::cache_write_1h},
              tier, bytes);
  if (!input) return {{}, unbounded::no_price};
  const llm::money most = llm::money::of(bytes, *input);
  if (!asks_for_text(line.path)) return {most, {}};
  const auto output = dearest(*price, {token_kind::output, token_kind::reasoning}, tier, bytes);
  if (!output) return {{}, unbounded::no_price};
  const auto answers = line.answer_tokens();
  if (!answers) return {{}, unbounded::no_max_tokens};
  return {most + llm::money::of(*answers, *output), {}};
}

}  // namespace corchestra::batch
