#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <corchestra/base/error.hpp>
#include <corchestra/llm/chat.hpp>
#include <corchestra/llm/price_table.hpp>

namespace corchestra::llm {

/// How much one try of a call may come to.
struct call_extent {
  std::int64_t bytes = 0;                     ///< of its request; a prompt has at most a token for each
  std::optional<std::int64_t> answer_tokens;  ///< of all its answers together; absent: nothing limits them
  std::string_view service_tier;              ///< that was asked for
};

/// Of a chat that is sent to a model of this name: `max_tokens` for each of its answers (`n` in `extra`).
call_extent extent_of(const chat_request& request, std::string_view model);

/// Why a call has no upper bound of its cost.
enum class unbounded : std::uint8_t { no_price, no_max_tokens };

/// The most that one try of a call can cost, at its model's price (null: it is not known): a token a byte of its
/// request, and its answers, at the dearest price that may apply.
struct cost_bound {
  std::optional<money> most;
  unbounded why{};  ///< without `most`
};
cost_bound bound_of(const model_price* price, const call_extent& call);

/// A try that failed so has not reached the endpoint: it cannot have cost anything.
bool never_sent(const error& e) noexcept;

}  // namespace corchestra::llm
