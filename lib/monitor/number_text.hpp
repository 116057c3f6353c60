#pragma once

#include <cstdint>
#include <string>

#include <corchestra/base/time.hpp>

namespace corchestra::detail {

/// `1,990`
std::string grouped_text(std::int64_t n);

/// `9.23s`
std::string seconds_text(duration d);

/// A moving clock: `4.2s`, `2m05s`, `1h02m`.
std::string clock_text(duration d);

/// A fraction as `93 %`.
std::string percent_text(double fraction);

/// Micro-dollars as `$1.20`, small amounts as `$0.0031`.
std::string dollars_text(std::int64_t micro_dollars);

/// The shortest text that reads back as the same number, always with a dot as decimal mark.
std::string number_text(double value);

/// Rounded to `decimals`, without closing zeros: for coordinates.
std::string short_number(double value, int decimals = 2);

}  // namespace corchestra::detail
