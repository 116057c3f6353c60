#pragma once

#include <cstdint>
#include <string>

namespace corchestra::detail {

/// `1,234,567`
std::string grouped(std::int64_t n);

/// `$12.00`, `$0.001234`: exact, two to six decimals.
std::string dollars(std::int64_t micro_dollars);

}  // namespace corchestra::detail
