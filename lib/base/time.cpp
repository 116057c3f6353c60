#include <corchestra/base/time.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

struct unit {
  std::string_view name;
  duration size;
};
constexpr std::array<unit, 5> units{{{"d", std::chrono::hours(24)},
                                     {"h", std::chrono::hours(1)},
                                     {"m", std::chrono::minutes(1)},
                                     {"s", std::chrono::seconds(1)},
                                     {"ms", std::chrono::milliseconds(1)}}};
constexpr duration longest = std::chrono::hours(24) * 365 * 100;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the front of `s` for as long as `f` holds.
template <class F>
std::string_view take(std::string_view& s, F f) {
  std::size_t n = 0;
  while (n < s.size() && f(s[n])) ++n;
  const std::string_view taken = s.substr(0, n);
  s.remove_prefix(n);
  return taken;
}

std::string padded(long long value, std::size_t width) {
  std::string digits = concat(value);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

}  // namespace

std::string to_iso8601(wall_time t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::milliseconds> clock(t - day);
  return concat(padded(static_cast<int>(date.year()), 4), '-', padded(static_cast<unsigned>(date.month()), 2), '-',
                padded(static_cast<unsigned>(date.day()), 2), 'T', padded(clock.hours().count(), 2), ':',
                padded(clock.minutes().count(), 2), ':', padded(clock.seconds().count(), 2), '.',
                padded(clock.subseconds().count(), 3), 'Z');
}

result<duration> parse_duration(std::string_view text) {
  const auto bad = [text](std::string_view expected) {
    return fail(errc::invalid_argument, concat(quote(text), " is not a duration: expected ", expected));
  };
  const std::string_view form = "for example 500ms, 1.5s, 2m, 1h30m, 1d or a number of seconds";
  const std::string_view most = "at most 36500d";
  const auto blank = [](char c) { return c == ' '; };
  std::string_view rest = trim(text);
  duration total{};
  std::size_t next_unit = 0;
  do {
    const std::string_view whole = take(rest, is_digit);
    if (whole.empty()) return bad(form);
    double fraction = 0;
    if (!rest.empty() && rest.front() == '.') {
      const char* point = rest.data();
      rest.remove_prefix(1);
      if (take(rest, is_digit).empty()) return bad(form);
      std::from_chars(point, rest.data(), fraction);
    }
    std::int64_t count = 0;
    const bool countable = std::from_chars(whole.data(), whole.data() + whole.size(), count).ec == std::errc();
    take(rest, blank);
    const std::string_view name = take(rest, [](char c) { return c >= 'a' && c <= 'z'; });
    std::size_t u = 3;
    if (!name.empty()) {
      u = 0;
      while (u < units.size() && units[u].name != name) ++u;
      if (u == units.size()) return bad(form);
    } else if (next_unit > 0 || !rest.empty()) {
      return bad(form);
    }
    if (u < next_unit) return bad("each unit once, the largest first");
    next_unit = u + 1;
    if (!countable || count > longest / units[u].size) return bad(most);
    total += count * units[u].size + duration(std::llround(fraction * static_cast<double>(units[u].size.count())));
    if (total > longest) return bad(most);
    take(rest, blank);
  } while (!rest.empty());
  return total;
}

std::string to_text(duration d) {
  if (d < duration::zero()) return concat('-', to_text(d == duration::min() ? duration::max() : -d));
  d = std::min<duration>(d, duration::max() - std::chrono::hours(1));  // rounding up must not overflow
  const auto ms = std::chrono::round<std::chrono::milliseconds>(d);
  if (ms < std::chrono::seconds(1)) return concat(ms.count(), " ms");
  if (d < std::chrono::milliseconds(59995)) return concat(fixed(to_seconds(d), 2), " s");
  if (d < std::chrono::milliseconds(3599500)) {
    const auto s = std::chrono::round<std::chrono::seconds>(d).count();
    return concat(s / 60, " m ", padded(s % 60, 2), " s");
  }
  const auto m = std::chrono::round<std::chrono::minutes>(d).count();
  return concat(m / 60, " h ", padded(m % 60, 2), " m");
}

}  // namespace corchestra
