#pragma once

#include <optional>
#include <string_view>

#include <corchestra/base/token_usage.hpp>
#include <corchestra/llm/money.hpp>
#include <corchestra/llm/price_table.hpp>

namespace corchestra::llm {

/// What one call costs, exactly; add calls up, not their tokens, since a price can depend on the length of a prompt:
///
///     (prompt - cached - written) * input + cached * cached price + written * cache-write price
///       + (completion - reasoning) * output + reasoning * reasoning price
///
/// with the prices that model_price::of says. Where the parts of a count are more than the count, it does not contain
/// them and is billed beside them. Absent, which is not zero: the usage is not known, or it has tokens without a price.
std::optional<money> cost_of(const model_price& price, const token_usage& usage, std::string_view service_tier = {});

/// The same for a model by name. Absent also when the table does not know it.
std::optional<money> cost_of(const price_table& prices, std::string_view model, const token_usage& usage,
                             std::string_view service_tier = {});

/// At the price of the model that served the call, as its reply names it, or else of the one that was asked. Either may
/// be null: its price is not known.
std::optional<money> cost_of(const model_price* served, const model_price* asked, const token_usage& usage,
                             std::string_view service_tier = {});

}  // namespace corchestra::llm
