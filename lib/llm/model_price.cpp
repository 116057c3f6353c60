#include <corchestra/llm/model_price.hpp>

#include <algorithm>

namespace corchestra::llm {

namespace {

std::optional<token_kind> stand_in(token_kind kind) noexcept {
  switch (kind) {
    case token_kind::cached:
    case token_kind::cache_write:
      return token_kind::input;
    case token_kind::cache_write_1h:
      return token_kind::cache_write;
    case token_kind::reasoning:
      return token_kind::output;
    case token_kind::input:
    case token_kind::output:
      break;
  }
  return std::nullopt;
}

}  // namespace

price_tier price_tier_of(std::string_view service_tier) noexcept {
  if (service_tier == "flex") return price_tier::flex;
  if (service_tier == "priority") return price_tier::priority;
  if (service_tier == "batch") return price_tier::batch;
  return price_tier::standard;
}

void model_price::set(token_kind kind, token_price price, price_tier tier, std::int64_t above_prompt_tokens) {
  if (above_prompt_tokens > 0) same_up_to_ = std::min(same_up_to_, above_prompt_tokens);
  const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const entry& e) {
    return e.kind == kind && e.tier == tier && e.above == above_prompt_tokens;
  });
  if (same != entries_.end())
    same->price = price;
  else
    entries_.push_back({kind, tier, above_prompt_tokens, price});
}

const model_price::entry* model_price::best(token_kind kind, price_tier tier,
                                            std::int64_t prompt_tokens) const noexcept {
  const entry* found = nullptr;
  for (const entry& e : entries_) {
    if (e.kind != kind || e.tier != tier || (e.above > 0 && prompt_tokens <= e.above)) continue;
    if (!found || e.above > found->above) found = &e;
  }
  return found;
}

std::optional<token_price> model_price::of(token_kind kind, price_tier tier,
                                           std::int64_t prompt_tokens) const noexcept {
  const entry* own = best(kind, tier, prompt_tokens);
  const entry* standard = tier == price_tier::standard ? own : best(kind, price_tier::standard, prompt_tokens);
  if (own && standard && standard->above > own->above) return std::max(own->price, standard->price);
  if (own) return own->price;
  if (standard && tier != price_tier::priority) return standard->price;
  const auto other = stand_in(kind);
  return other ? of(*other, tier, prompt_tokens) : std::nullopt;
}

}  // namespace corchestra::llm
