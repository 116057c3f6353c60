#pragma once

#include <corchestra/monitor/prometheus.hpp>

#include "monitor/exposition.hpp"

namespace corchestra::detail {

/// The families of calls of models, under the names that OpenTelemetry's metrics have in Prometheus, and their cost.
void add_model_calls(exposition& out, const model_call_metrics& calls);
void add_limiters(exposition& out, std::span<const limiter_gauges> limiters);

}  // namespace corchestra::detail
