#pragma once

#include <compare>
#include <map>
#include <string>

#include <corchestra/core/event.hpp>
#include <corchestra/core/histogram.hpp>

namespace corchestra {

/// The bounds that OpenTelemetry's conventions for generative AI give: seconds, and tokens.
std::span<const double> model_call_seconds_bounds() noexcept;
std::span<const double> model_call_tokens_bounds() noexcept;

/// What calls of one kind came to.
struct model_call_series {
  histogram seconds{model_call_seconds_bounds()};
  histogram input_tokens{model_call_tokens_bounds()}, output_tokens{model_call_tokens_bounds()};
  double dollars = 0;          ///< of calls with a known cost
  std::uint64_t unpriced = 0;  ///< answered calls without one
  std::uint64_t hedged = 0, answered_by_hedge = 0;  ///< asked a second time; of those
};

/// The fold that counts a run's calls of models: feed it every event, of as many runs as are to be counted together.
class model_call_metrics {
 public:
  struct key {
    std::string asked, answered;  ///< models: as requested, and as the reply names it
    std::string error;            ///< the code of what a failed call ended with
    auto operator<=>(const key&) const = default;
  };

  /// Whether the event counted.
  bool operator()(const event& e);

  /// Bounded: models beyond the first two hundred kinds are counted together under the name `_other`.
  const std::map<key, model_call_series>& series() const noexcept { return series_; }

 private:
  std::map<key, model_call_series> series_;
};

}  // namespace corchestra
