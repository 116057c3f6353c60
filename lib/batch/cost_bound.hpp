#pragma once

#include <corchestra/llm/cost_bound.hpp>

#include "batch/request_line.hpp"
#include "llm/bound_finder.hpp"

namespace corchestra::batch {

using llm::cost_bound;
using llm::unbounded;

/// The most that one try of a request can cost.
cost_bound bound_of(const request_line& line, llm::bound_finder& prices);

}  // namespace corchestra::batch
