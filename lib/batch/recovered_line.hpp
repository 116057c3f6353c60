#pragma once

#include <string_view>

#include <corchestra/llm/price_table.hpp>

#include "batch/batch_state.hpp"

namespace corchestra::batch {

/// Adds up, in the state's totals, a result line that got into its file just before a crash: what the state could not
/// record any more. A reply whose model has no price counts at the dearest of those that the batch asks.
void count_recovered(std::string_view line, line_state what, const llm::price_table* prices, batch_state& state);

}  // namespace corchestra::batch
