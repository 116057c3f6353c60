#include "llm/price_key.hpp"

#include <charconv>
#include <utility>

namespace corchestra::llm {

namespace {

constexpr std::pair<std::string_view, token_kind> names[] = {
    {"input_cost_per_token", token_kind::input},
    {"output_cost_per_token", token_kind::output},
    {"output_cost_per_reasoning_token", token_kind::reasoning},
    {"cache_read_input_token_cost", token_kind::cached},
    {"cache_creation_input_token_cost", token_kind::cache_write},
};
constexpr std::pair<std::string_view, price_tier> tiers[] = {
    {"_flex", price_tier::flex},
    {"_priority", price_tier::priority},
    {"_batches", price_tier::batch},
};
constexpr std::int64_t most_thousands = 1'000'000'000;

bool take_prefix(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_tier(std::string_view& text, price_tier& tier) noexcept {
  for (const auto& [name, value] : tiers) {
    if (tier != price_tier::standard || !take_prefix(text, name)) continue;
    tier = value;
    return true;
  }
  return false;
}

bool take_threshold(std::string_view& text, std::int64_t& above) noexcept {
  std::string_view rest = text;
  std::int64_t thousands = 0;
  if (above != 0 || !take_prefix(rest, "_above_")) return false;
  const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), thousands);
  if (problem != std::errc() || thousands <= 0 || thousands > most_thousands) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (!take_prefix(rest, "k_tokens")) return false;
  text = rest;
  above = thousands * 1000;
  return true;
}

}  // namespace

std::optional<price_key> parse_price_key(std::string_view key) noexcept {
  for (const auto& [name, kind] : names) {
    std::string_view rest = key;
    if (!take_prefix(rest, name)) continue;
    price_key found{.kind = kind};
    if (kind == token_kind::cache_write && take_prefix(rest, "_above_1hr")) found.kind = token_kind::cache_write_1h;
    while (take_tier(rest, found.tier) || take_threshold(rest, found.above_prompt_tokens)) {
    }
    if (rest.empty()) return found;
  }
  return std::nullopt;
}

}  // namespace corchestra::llm
