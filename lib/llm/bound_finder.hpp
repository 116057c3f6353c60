#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <corchestra/llm/cost_bound.hpp>

#include "llm/price_finder.hpp"

namespace corchestra::llm {

/// The dearest prices that may apply to a call's prompt and answers.
struct dearest_prices {
  std::optional<token_price> input, output;

  /// `price` may be null: none is known.
  static dearest_prices of(const model_price* price, const call_extent& call);
  cost_bound bound_of(const call_extent& call) const;
};

/// Finds the bounds of many calls that are mostly of one model and tier, and no longer than prices distinguish. The
/// table outlives it and stays as it is.
class bound_finder {
 public:
  /// `prices` may be null: no price is known.
  explicit bound_finder(const price_table* prices) noexcept : prices_(prices) {}

  cost_bound of(std::string_view model, const call_extent& call) {
    const model_price* const price = prices_.find(model);
    const bool by_length = price && call.bytes > price->same_up_to();
    if (by_length) return bound_of(price, call);
    if (!asked_ || price != price_ || tier_ != call.service_tier) {
      price_ = price;
      tier_ = call.service_tier;
      dearest_ = dearest_prices::of(price, call);
      asked_ = true;
    }
    return dearest_.bound_of(call);
  }

 private:
  price_finder prices_;
  const model_price* price_ = nullptr;
  std::string tier_;
  dearest_prices dearest_;
  bool asked_ = false;
};

}  // namespace corchestra::llm
