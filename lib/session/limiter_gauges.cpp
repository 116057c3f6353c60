#include <corchestra/session/limiter_gauges.hpp>

namespace corchestra {

std::vector<limiter_gauges> limiters_of(const llm::api_client& endpoint, std::span<const std::string> models,
                                        time_point now) {
  std::vector<limiter_gauges> all;
  for (const std::string& model : models) {
    const auto status = endpoint.limits(model, now);
    if (!status) continue;
    all.push_back({.model = model,
                   .waiting = status->waiting,
                   .in_flight = status->in_flight,
                   .in_flight_limit = status->in_flight_limit,
                   .requests_a_minute = status->requests_a_minute,
                   .tokens_a_minute = status->tokens_a_minute,
                   .paused = status->paused_until > now || status->circuit_open,
                   .circuit_open = status->circuit_open,
                   .served = status->served,
                   .throttled = status->throttled,
                   .failed = status->failed});
  }
  return all;
}

}  // namespace corchestra
