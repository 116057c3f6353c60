#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <corchestra/core/budget.hpp>
#include <corchestra/core/model_call_metrics.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/time_attribution.hpp>

namespace corchestra {

/// How the limiter of a model's calls stands; limiters_of (session/limiter_gauges.hpp) asks an endpoint.
struct limiter_gauges {
  std::string model;
  std::size_t waiting = 0, in_flight = 0;
  std::uint32_t in_flight_limit = 0;
  std::optional<double> requests_a_minute, tokens_a_minute;  ///< that it holds itself to; absent: no such limit
  bool paused = false;                                       ///< by the endpoint's wish, or because its circuit is open
  bool circuit_open = false;
  std::uint64_t served = 0, throttled = 0, failed = 0;
};

/// What is exposed besides the metrics, when given.
struct prometheus_details {
  const time_shares* uses = nullptr;                                    ///< `time_attribution::totals`
  std::span<const std::pair<std::string, budget_status>> budgets = {};  ///< by name: `run`, an agent's, ...
  const model_call_metrics* calls = nullptr;
  std::span<const limiter_gauges> limiters = {};
};

/// Prometheus text exposition of a run's metrics.
std::string prometheus_text(const run_metrics& m, std::string_view run_name, const prometheus_details& details = {});

}  // namespace corchestra
