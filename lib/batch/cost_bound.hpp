#pragma once

#include <corchestra/llm/cost_bound.hpp>

#include "batch/request_line.hpp"

namespace corchestra::batch {

using llm::cost_bound;
using llm::unbounded;

/// The most that one try of a request can cost, at its model's price; null: it is not known.
cost_bound bound_of(const request_line& line, const llm::model_price* price);

}  // namespace corchestra::batch
