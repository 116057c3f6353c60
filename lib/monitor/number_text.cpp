#include "monitor/number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <corchestra/base/text.hpp>

namespace corchestra::detail {

namespace {

std::string two_digits(std::int64_t n) { return n < 10 ? concat('0', n) : concat(n); }

}  // namespace

std::string grouped_text(std::int64_t n) {
  std::string digits = concat(n);
  const std::size_t sign = n < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string seconds_text(duration d) { return concat(fixed(to_seconds(d), 2), 's'); }

std::string clock_text(duration d) {
  d = std::max(d, duration::zero());
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(d).count();
  if (s < 60) {
    const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(d).count() / 100;
    return concat(tenths / 10, '.', tenths % 10, 's');
  }
  if (s < 3600) return concat(s / 60, 'm', two_digits(s % 60), 's');
  return concat(s / 3600, 'h', two_digits(s / 60 % 60), 'm');
}

std::string percent_text(double fraction) { return concat(std::llround(fraction * 100), " %"); }

std::string dollars_text(std::int64_t micro_dollars) {
  const bool small = micro_dollars != 0 && std::abs(micro_dollars) < 100'000;
  return concat('$', fixed(static_cast<double>(micro_dollars) * 1e-6, small ? 4 : 2));
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

std::string short_number(double value, int decimals) {
  std::string text = fixed(value, decimals);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace corchestra::detail
