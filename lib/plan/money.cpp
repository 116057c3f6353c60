#include "plan/money.hpp"

#include <algorithm>
#include <charconv>

namespace corchestra::plan_file {

namespace {

constexpr std::size_t decimals = 6;
constexpr std::int64_t micro = 1'000'000;

bool all_digits(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<std::int64_t> to_micro_dollars(std::string_view decimal) {
  const std::size_t dot = std::min(decimal.find('.'), decimal.size());
  const std::string_view whole = decimal.substr(0, dot);
  std::string part(decimal.substr(std::min(dot + 1, decimal.size())));
  if (!all_digits(whole) || (dot < decimal.size() && (!all_digits(part) || part.size() > decimals)))
    return std::nullopt;
  part.resize(decimals, '0');
  std::int64_t dollars = 0, rest = 0;
  if (std::from_chars(whole.data(), whole.data() + whole.size(), dollars).ec != std::errc()) return std::nullopt;
  std::from_chars(part.data(), part.data() + part.size(), rest);
  if (dollars > max_dollars || (dollars == max_dollars && rest > 0)) return std::nullopt;
  return dollars * micro + rest;
}

std::optional<std::int64_t> json_to_micro_dollars(const json& value) {
  if (value.is_string()) return to_micro_dollars(value.get_ref<const std::string&>());
  if (!value.is_number() || value.get<double>() > static_cast<double>(max_dollars)) return std::nullopt;
  // The shortest decimal that gives the same double is what was written, as long as that had at most 15 digits.
  char text[400];
  const auto end = value.is_number_float()
                       ? std::to_chars(text, text + sizeof text, value.get<double>(), std::chars_format::fixed).ptr
                       : std::to_chars(text, text + sizeof text, value.get<std::int64_t>()).ptr;
  return to_micro_dollars(std::string_view(text, static_cast<std::size_t>(end - text)));
}

}  // namespace corchestra::plan_file
