#include "core/latest_end.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace corchestra::detail {

namespace {

constexpr std::size_t most_ends = 64;
constexpr double farthest = 8;  // deviations; beyond, the tail's limit

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double chance_by(const std::vector<uncertain_time>& ends, double t) {
  double all = 1;
  for (const auto& e : ends)
    all *= e.variance > 0 ? normal_cdf((t - e.mean) / std::sqrt(e.variance)) : t >= e.mean ? 1 : 0;
  return all;
}

}  // namespace

uncertain_time what_is_left(const uncertain_time& whole, double so_far) {
  if (so_far <= 0) return whole;
  if (whole.variance <= 0 || whole.mean <= 0) return {std::max(0.0, whole.mean - so_far), 0};
  const double spread2 = std::log1p(whole.variance / (whole.mean * whole.mean)), spread = std::sqrt(spread2);
  const double z = (std::log(so_far / whole.mean) + spread2 / 2) / spread;
  if (z > farthest) {
    const double left = so_far * spread / z;
    return {left, left * left};
  }
  const double longer = normal_cdf(-z);
  const double mean = whole.mean * normal_cdf(spread - z) / longer;
  const double square = (whole.variance + whole.mean * whole.mean) * normal_cdf(2 * spread - z) / longer;
  const double most = std::max(whole.mean, so_far);
  return {std::clamp(mean - so_far, 0.0, most), std::clamp(square - mean * mean, 0.0, most * most)};
}

double latest_end(std::vector<uncertain_time> ends, double probability) {
  if (ends.empty()) return 0;
  const auto high = [](const uncertain_time& e) { return e.mean + 3 * std::sqrt(e.variance); };
  const std::size_t kept = std::min(ends.size(), most_ends);
  std::partial_sort(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(kept), ends.end(),
                    [&](const auto& a, const auto& b) { return high(a) > high(b); });
  ends.resize(kept);
  double from = 0, to = 0;
  for (const auto& e : ends) {
    from = std::max(from, e.mean);
    to = std::max(to, e.mean + 6 * std::sqrt(e.variance));
  }
  if (chance_by(ends, from) >= probability) return from;
  for (int i = 0; i < 30; ++i) {
    const double middle = (from + to) / 2;
    (chance_by(ends, middle) < probability ? from : to) = middle;
  }
  return to;
}

}  // namespace corchestra::detail
