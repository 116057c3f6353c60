#pragma once

#include <string>
#include <string_view>

#include <corchestra/core/run_metrics.hpp>

namespace corchestra {

/// Prometheus text exposition of a run's metrics.
std::string prometheus_text(const run_metrics& m, std::string_view run_name);

}  // namespace corchestra
