#include "llm/price_text.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace corchestra::llm {

namespace {

constexpr long price_decimals = 15;  // of a femto-dollar
constexpr long most_digits = 19;     // of max_token_price

std::string take_digits(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string digits(text.substr(0, end));
  text.remove_prefix(end);
  return digits;
}

std::optional<long> take_exponent(std::string_view& text) {
  if (!text.starts_with('e') && !text.starts_with('E')) return 0;
  text.remove_prefix(1);
  if (text.starts_with("+-")) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  int exponent = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (problem != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return exponent;
}

}  // namespace

std::optional<token_price> parse_token_price(std::string_view text) {
  std::string digits = take_digits(text);
  long point = static_cast<long>(digits.size());
  if (digits.empty()) return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::string fraction = take_digits(text);
    if (fraction.empty()) return std::nullopt;
    digits += fraction;
  }
  const auto exponent = take_exponent(text);
  if (!exponent || !text.empty()) return std::nullopt;

  const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, zeros);
  if (digits.empty()) return 0;
  point -= static_cast<long>(zeros);
  const long kept = point + *exponent + price_decimals;  // digits of the price in femto-dollars
  if (kept > most_digits) return std::nullopt;
  if (kept < 0) return 0;
  digits.resize(std::max(digits.size(), static_cast<std::size_t>(kept) + 1), '0');
  token_price price = 0;
  for (long i = 0; i < kept; ++i) price = price * 10 + (digits[static_cast<std::size_t>(i)] - '0');
  if (digits[static_cast<std::size_t>(kept)] >= '5') ++price;
  if (price > max_token_price) return std::nullopt;
  return price;
}

}  // namespace corchestra::llm
