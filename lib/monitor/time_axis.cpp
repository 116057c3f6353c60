#include "monitor/time_axis.hpp"

#include <corchestra/base/text.hpp>

#include "monitor/number_text.hpp"

namespace corchestra::detail {

namespace {

using namespace std::chrono_literals;
constexpr duration day = 24h;

duration step_for(duration span, std::size_t most) {
  const auto fits = [&](duration step) { return span / step <= static_cast<duration::rep>(most); };
  for (duration decade = 1us; decade <= 10s; decade *= 10) {
    for (const int n : {1, 2, 5}) {
      const duration step = decade * n;
      if (step <= 20s && fits(step)) return step;
    }
  }
  constexpr duration longer[] = {30s, 1min, 2min, 5min, 10min, 15min, 30min, 1h, 2h, 3h, 6h, 12h};
  for (const duration step : longer) {
    if (fits(step)) return step;
  }
  duration step = day;
  while (!fits(step)) step *= 2;
  return step;
}

std::string label(duration at, duration step, duration span) {
  if (at == duration::zero()) return "0";
  if (step >= day) return concat(at / day, " d");
  if (step >= 1h) return concat(at / 1h, " h");
  if (step >= 1min) {
    if (at < 1h) return concat(at / 1min, " min");
    return concat(at / 1h, " h ", at % 1h < 10min ? "0" : "", at % 1h / 1min);
  }
  if (span < 1ms) return concat(short_number(static_cast<double>(at.count()) / 1e3), " µs");
  if (span < 1s) return concat(short_number(static_cast<double>(at.count()) / 1e6, 3), " ms");
  return concat(short_number(to_seconds(at), 3), " s");
}

}  // namespace

std::vector<time_tick> time_ticks(duration span, std::size_t most) {
  std::vector<time_tick> out;
  const duration step = step_for(span, most);
  for (duration at{}; at <= span; at += step) out.push_back({at, label(at, step, span)});
  return out;
}

}  // namespace corchestra::detail
