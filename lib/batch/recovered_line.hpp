#pragma once

#include <string_view>

#include <corchestra/llm/price_table.hpp>

#include "batch/batch_totals.hpp"
#include "batch/line_states.hpp"

namespace corchestra::batch {

/// Adds up a result line that got into its file just before a crash: what the state could not record any more.
void count_recovered(std::string_view line, line_state what, const llm::price_table* prices, batch_totals& totals);

}  // namespace corchestra::batch
