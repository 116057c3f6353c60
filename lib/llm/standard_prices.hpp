#pragma once

#include <string_view>

namespace corchestra::llm {

/// The table of price_table::standard, in the form of LiteLLM's.
extern const std::string_view standard_prices;

}  // namespace corchestra::llm
