#pragma once

#include <string_view>

#include <corchestra/llm/price_table.hpp>

namespace corchestra::llm {

/// price_table::parse.
result<price_table> read_prices(std::string_view json_text, std::string_view source);

}  // namespace corchestra::llm
