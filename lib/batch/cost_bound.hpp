#pragma once

#include <optional>

#include <corchestra/llm/price_table.hpp>

#include "batch/request_line.hpp"

namespace corchestra::batch {

/// Why a call has no upper bound of its cost.
enum class unbounded { no_price, no_max_tokens };

/// The most that one try of a call can cost: a token a byte of its body, answers of `max_tokens`, at the dearest price
/// that may apply.
struct cost_bound {
  std::optional<llm::money> most;
  unbounded why{};  ///< without `most`
};
cost_bound bound_of(const request_line& line, const llm::price_table& prices);

}  // namespace corchestra::batch
