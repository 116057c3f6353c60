#include <corchestra/llm/cost.hpp>

#include <algorithm>

namespace corchestra::llm {

namespace {

constexpr std::int64_t most_tokens = 1'000'000'000'000'000;

std::int64_t in_range(std::int64_t tokens) noexcept { return std::clamp<std::int64_t>(tokens, 0, most_tokens); }

/// What of a count is not in `part`: all, when it cannot contain it.
std::int64_t rest_of(std::int64_t whole, std::int64_t part) noexcept { return part > whole ? whole : whole - part; }

}  // namespace

std::optional<money> cost_of(const model_price& price, const token_usage& usage, std::string_view service_tier) {
  if (!usage.known()) return std::nullopt;
  const price_tier tier = price_tier_of(service_tier);
  const std::int64_t prompt = in_range(usage.prompt_tokens), completion = in_range(usage.completion_tokens);
  const std::int64_t cached = in_range(usage.cached_tokens), reasoning = in_range(usage.reasoning_tokens);
  const std::int64_t written_1h = in_range(usage.cache_write_1h_tokens);
  const std::int64_t written = std::max(in_range(usage.cache_write_tokens), written_1h);
  const std::int64_t whole_prompt = cached > prompt - written ? prompt + cached + written : prompt;

  money sum;
  bool known = true;
  const auto add = [&](token_kind kind, std::int64_t tokens) {
    if (tokens == 0) return;
    const auto each = price.of(kind, tier, whole_prompt);
    known = known && each;
    if (each) sum += money::of(tokens, *each);
  };
  add(token_kind::input, rest_of(prompt, cached + written));
  add(token_kind::cached, cached);
  add(token_kind::cache_write, written - written_1h);
  add(token_kind::cache_write_1h, written_1h);
  add(token_kind::output, rest_of(completion, reasoning));
  add(token_kind::reasoning, reasoning);
  return known ? std::optional(sum) : std::nullopt;
}

std::optional<money> cost_of(const price_table& prices, std::string_view model, const token_usage& usage,
                             std::string_view service_tier) {
  const model_price* price = prices.find(model);
  return price ? cost_of(*price, usage, service_tier) : std::nullopt;
}

std::optional<money> cost_of(const model_price* served, const model_price* asked, const token_usage& usage,
                             std::string_view service_tier) {
  std::optional<money> cost;
  for (const model_price* price : {served, asked}) {
    if (price && !cost) cost = cost_of(*price, usage, service_tier);
  }
  return cost;
}

}  // namespace corchestra::llm
