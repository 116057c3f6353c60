#include <corchestra/llm/cost_bound.hpp>

#include <algorithm>

#include "llm/bound_finder.hpp"
#include "llm/request_body.hpp"

namespace corchestra::llm {

namespace {

constexpr std::int64_t most_answers = 1'000'000'000'000;  // so that sums fit

// The server may serve a call at another tier than was asked for, and count its prompt as longer or shorter.
std::optional<token_price> dearest(const model_price& price, std::initializer_list<token_kind> kinds, price_tier tier,
                                   std::int64_t prompt_tokens) {
  std::optional<token_price> most;
  const auto consider = [&](price_tier t, std::int64_t length) {
    for (const token_kind kind : kinds) {
      if (const auto p = price.of(kind, t, length)) most = std::max(most.value_or(0), *p);
    }
  };
  const bool by_length = prompt_tokens > price.same_up_to();
  for (const price_tier t : {tier, price_tier::standard}) {
    consider(t, prompt_tokens);
    if (by_length) consider(t, 0);
    if (tier == price_tier::standard) break;
  }
  return most;
}

std::optional<std::int64_t> whole(const json& extra, std::string_view name) {
  const auto it = extra.is_object() ? extra.find(name) : extra.end();
  if (!extra.is_object() || it == extra.end() || !it->is_number_integer()) return std::nullopt;
  return std::max<std::int64_t>(it->get<std::int64_t>(), 0);
}

}  // namespace

call_extent extent_of(const chat_request& request, std::string_view model) {
  call_extent e;
  // With the longest of what a client may add.
  if (const auto body = request_body(request, {std::string(model), "max_completion_tokens", true, true}))
    e.bytes = static_cast<std::int64_t>(body->size());
  e.answer_tokens = request.max_tokens;
  for (const std::string_view name : {"max_tokens", "max_completion_tokens"}) {
    if (const auto n = whole(request.extra, name)) e.answer_tokens = std::max(e.answer_tokens.value_or(0), *n);
  }
  const std::int64_t answers = std::max<std::int64_t>(whole(request.extra, "n").value_or(1), 1);
  if (e.answer_tokens)
    e.answer_tokens = *e.answer_tokens > most_answers / answers ? most_answers : *e.answer_tokens * answers;
  if (request.extra.is_object())
    if (const auto tier = request.extra.find("service_tier"); tier != request.extra.end() && tier->is_string())
      e.service_tier = tier->get_ref<const std::string&>();
  return e;
}

dearest_prices dearest_prices::of(const model_price* price, const call_extent& call) {
  if (price == nullptr) return {};
  const price_tier tier = price_tier_of(call.service_tier);
  return {dearest(*price, {token_kind::input, token_kind::cached, token_kind::cache_write, token_kind::cache_write_1h},
                  tier, call.bytes),
          dearest(*price, {token_kind::output, token_kind::reasoning}, tier, call.bytes)};
}

cost_bound dearest_prices::bound_of(const call_extent& call) const {
  if (!input) return {{}, unbounded::no_price};
  const money most = money::of(call.bytes, *input);
  if (call.answer_tokens == 0) return {most, {}};
  if (!output) return {{}, unbounded::no_price};
  if (!call.answer_tokens) return {{}, unbounded::no_max_tokens};
  return {most + money::of(*call.answer_tokens, *output), {}};
}

cost_bound bound_of(const model_price* price, const call_extent& call) {
  return dearest_prices::of(price, call).bound_of(call);
}

bool never_sent(const error& e) noexcept {
  return e.is(errc::resolve_failed) || e.is(errc::connect_failed) || e.is(errc::tls_failed);
}

}  // namespace corchestra::llm
