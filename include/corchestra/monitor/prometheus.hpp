#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <corchestra/core/budget.hpp>
#include <corchestra/core/model_call_metrics.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/time_attribution.hpp>

namespace corchestra {

/// How the limiter of a model's calls stands (`llm::limiter_status` in code).
struct limiter_gauges {
  std::string model;
  std::size_t waiting = 0, in_flight = 0;
  std::uint32_t in_flight_limit = 0;
  bool paused = false;  ///< by the endpoint's wish, or because its circuit is open
  std::uint64_t throttled = 0;
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
