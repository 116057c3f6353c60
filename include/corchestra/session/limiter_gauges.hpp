#pragma once

#include <span>
#include <string>
#include <vector>

#include <corchestra/base/time.hpp>
#include <corchestra/llm/api_client.hpp>
#include <corchestra/monitor/prometheus.hpp>

namespace corchestra {

/// How an endpoint's limiters of these models stand, for prometheus_details::limiters. Models that were not asked yet
/// are left out, and all are where the endpoint has no limits.
std::vector<limiter_gauges> limiters_of(const llm::api_client& endpoint, std::span<const std::string> models,
                                        time_point now);

}  // namespace corchestra
