#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <corchestra/core/budget.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/time_attribution.hpp>

namespace corchestra {

/// What is exposed besides the metrics, when given.
struct prometheus_details {
  const time_shares* uses = nullptr;                                    ///< `time_attribution::totals`
  std::span<const std::pair<std::string, budget_status>> budgets = {};  ///< by name: `run`, an agent's, ...
};

/// Prometheus text exposition of a run's metrics.
std::string prometheus_text(const run_metrics& m, std::string_view run_name, const prometheus_details& details = {});

}  // namespace corchestra
