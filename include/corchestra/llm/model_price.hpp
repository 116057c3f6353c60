#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include <corchestra/llm/money.hpp>

namespace corchestra::llm {

/// What a price is for.
enum class token_kind : std::uint8_t { input, cached, cache_write, cache_write_1h, output, reasoning };

/// What a provider asks different prices for. The `service_tier` of a reply says which one it was served at.
enum class price_tier : std::uint8_t { standard, flex, priority, batch };
/// `flex`, `priority`, `batch`; every other name (`default`, `auto`, `scale`, none) is the standard tier.
price_tier price_tier_of(std::string_view service_tier) noexcept;

/// The prices of one model.
class model_price {
 public:
  /// Of calls whose prompt has more than `above_prompt_tokens`; a later price for the same replaces the earlier.
  void set(token_kind kind, token_price price, price_tier tier = price_tier::standard,
           std::int64_t above_prompt_tokens = 0);

  /// The price of one token in a call with so long a prompt: that of the highest threshold that the prompt exceeds. A
  /// missing price is never replaced by a cheaper one: flex and batch fall back to the standard price, and priority to
  /// nothing; where only the standard tier has a price for long prompts, the dearer of the two counts. Cached and
  /// written tokens fall back to `input`, `cache_write_1h` first to `cache_write`, reasoning to `output`.
  std::optional<token_price> of(token_kind kind, price_tier tier, std::int64_t prompt_tokens) const noexcept;

  /// Prompts of at most so many tokens all cost the same each.
  std::int64_t same_up_to() const noexcept { return same_up_to_; }

  bool empty() const noexcept { return entries_.empty(); }

 private:
  struct entry {
    token_kind kind;
    price_tier tier;
    std::int64_t above;
    token_price price;
  };
  const entry* best(token_kind kind, price_tier tier, std::int64_t prompt_tokens) const noexcept;

  std::vector<entry> entries_;
  std::int64_t same_up_to_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace corchestra::llm
