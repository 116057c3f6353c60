#pragma once

#include <optional>
#include <string_view>

#include <corchestra/llm/money.hpp>

namespace corchestra::llm {

/// Decimal text as JSON writes numbers (`1.25e-05`, `0.0000025`, `0`), read digit by digit and never through a double.
/// What is finer than a femto-dollar is rounded half up. Absent: no such number, below zero, above `max_token_price`.
std::optional<token_price> parse_token_price(std::string_view text);

}  // namespace corchestra::llm
