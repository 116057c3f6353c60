#pragma once

#include <corchestra/llm/cost_bound.hpp>

#include "batch/request_line.hpp"

namespace corchestra::batch {

using llm::cost_bound;
using llm::unbounded;

/// The most that one try of a request can cost.
cost_bound bound_of(const request_line& line, const llm::price_table& prices);

}  // namespace corchestra::batch
