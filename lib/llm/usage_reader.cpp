#include "llm/usage_reader.hpp"

#include <algorithm>
#include <string_view>

namespace corchestra::llm {

namespace {

using count = std::optional<std::int64_t>;

const json* member(const json& object, std::string_view name) {
  const auto it = object.find(name);
  return it == object.end() ? nullptr : &*it;
}

count count_of(const json& object, std::string_view name) {
  const json* value = member(object, name);
  if (!value || !value->is_number()) return std::nullopt;
  const double n = value->get<double>();
  return n >= 0 && n < 1e15 ? static_cast<std::int64_t>(n) : 0;
}

count detail_of(const json& usage, std::string_view details, std::string_view name) {
  const json* value = member(usage, details);
  return value && value->is_object() ? count_of(*value, name) : std::nullopt;
}

std::int64_t first_of(std::initializer_list<count> counts) {
  const auto found = std::find_if(counts.begin(), counts.end(), [](const count& c) { return c.has_value(); });
  return found == counts.end() ? 0 : **found;
}

std::int64_t sum_of(const count& a, const count& b) { return a.value_or(0) + b.value_or(0); }

}  // namespace

std::optional<token_usage> read_usage(const json& usage) {
  if (!usage.is_object()) return std::nullopt;
  // The responses API has names of its own for the same counts.
  const bool responses = !usage.contains("prompt_tokens") && !usage.contains("completion_tokens");
  const count prompt = count_of(usage, responses ? "input_tokens" : "prompt_tokens");
  const count completion = count_of(usage, responses ? "output_tokens" : "completion_tokens");
  if (!prompt && !completion) return std::nullopt;

  const std::string_view in = responses ? "input_tokens_details" : "prompt_tokens_details";
  const std::string_view out = responses ? "output_tokens_details" : "completion_tokens_details";
  constexpr std::string_view breakdown = "cache_creation";
  token_usage u{.prompt_tokens = prompt.value_or(0), .completion_tokens = completion.value_or(0), .calls = 1};
  u.cached_tokens = first_of({detail_of(usage, in, "cached_tokens"), count_of(usage, "cache_read_input_tokens"),
                              count_of(usage, "prompt_cache_hit_tokens")});
  u.cache_write_1h_tokens = first_of({detail_of(usage, breakdown, "ephemeral_1h_input_tokens")});
  // A breakdown may be less than the total, and the total may be missing: the greater of the two was written.
  u.cache_write_tokens =
      std::max(first_of({detail_of(usage, in, "cache_write_tokens"), detail_of(usage, in, "cache_creation_tokens"),
                         count_of(usage, "cache_creation_input_tokens")}),
               sum_of(detail_of(usage, breakdown, "ephemeral_5m_input_tokens"), u.cache_write_1h_tokens));
  u.reasoning_tokens = first_of({detail_of(usage, out, "reasoning_tokens")});
  if (u.reasoning_tokens > 0 && count_of(usage, "total_tokens") == u.total_tokens() + u.reasoning_tokens)
    u.completion_tokens += u.reasoning_tokens;
  return u;
}

}  // namespace corchestra::llm
