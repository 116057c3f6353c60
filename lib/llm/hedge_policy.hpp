#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/llm/hedging.hpp>

namespace corchestra::llm {

/// When a call is asked a second time: learns how long calls take, and keeps the budget. Thread-safe.
class hedge_policy {
 public:
  explicit hedge_policy(hedging_options options) : options_(std::move(options)) {}

  struct kind {
    std::string model;
    bool streaming = false;  ///< only the first token counts
    auto operator<=>(const kind&) const = default;
  };
  struct plan {
    optional_duration after;     ///< absent: not at all
    std::uint64_t failures = 0;  ///< of the endpoint until then
  };
  plan begin(const kind& of, time_point now);
  /// Whether the hedge may go out; it then counts.
  bool allow(const kind& of, const plan& p, time_point now);
  /// A call took so long until its answer, or at least, when it was overtaken.
  void took(const kind& of, duration d);

 private:
  static constexpr std::size_t kept = 256, enough = 20;
  static constexpr double most_saved = 10;  // hedges

  struct times {
    std::vector<duration> last;
    std::size_t next = 0;
  };
  optional_duration delay(const times& t) const;

  hedging_options options_;
  std::mutex mutex_;
  std::map<kind, times> times_;
  double allowance_ = 0;
};

}  // namespace corchestra::llm
