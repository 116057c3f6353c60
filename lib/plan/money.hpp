#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <corchestra/base/json.hpp>

namespace corchestra::plan_file {

/// The most dollars a plan may name: up to here a JSON number keeps six decimals exactly.
constexpr std::int64_t max_dollars = 1'000'000'000;

/// Dollars as micro-dollars, exactly: a decimal text such as `1.50`, or a number. Absent when it is negative, above
/// `max_dollars`, has more than six decimals, or is no decimal number at all.
std::optional<std::int64_t> to_micro_dollars(std::string_view decimal);
std::optional<std::int64_t> json_to_micro_dollars(const json& value);

}  // namespace corchestra::plan_file
