#pragma once

#include <corchestra/llm/price_table.hpp>

namespace corchestra::tests {

/// Model `m`: a dollar for a million tokens in, two for a million out.
inline llm::price_table simple_prices() {
  llm::model_price m;
  m.set(llm::token_kind::input, 1'000'000'000);
  m.set(llm::token_kind::output, 2'000'000'000);
  llm::price_table t;
  t.set("m", m);
  return t;
}

/// Micro-dollars.
inline llm::money micro(std::int64_t n) { return llm::money::of(n, 1'000'000'000); }

}  // namespace corchestra::tests
