#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <corchestra/base/json.hpp>
#include <corchestra/base/token_usage.hpp>
#include <corchestra/llm/money.hpp>

namespace corchestra::batch {

/// What the calls of a batch came to, all its runs together.
struct batch_totals {
  token_usage usage;
  llm::money spent;                   ///< of the calls with a known price
  std::uint64_t unpriced_calls = 0;   ///< answered, and what they cost is not known
  std::uint64_t estimated_calls = 0;  ///< settled at the most they could cost, since the endpoint said nothing
  std::map<std::string, std::uint64_t> failures;  ///< requests by the code of their failure
};

ordered_json to_json_value(const batch_totals& t);
/// Members that are missing or malformed count as nothing.
batch_totals totals_from(const json& value);

}  // namespace corchestra::batch
