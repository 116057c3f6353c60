#include "monitor/prometheus_models.hpp"

#include <map>

namespace corchestra::detail {

void add_model_calls(exposition& out, const model_call_metrics& calls) {
  if (calls.series().empty()) return;
  constexpr std::string_view asked = "gen_ai_request_model", answered = "gen_ai_response_model", error = "error_type",
                             kind = "gen_ai_token_type";
  out.foreign_family("gen_ai_client_operation_duration_seconds", "histogram",
                     "Time of calls of models, with their tries and waits.");
  for (const auto& [k, s] : calls.series())
    out.sample(s.seconds, {{asked, k.asked}, {answered, k.answered}, {error, k.error}});
  bool any = false;
  for (const auto& [k, s] : calls.series()) {
    if (s.input_tokens.count() == 0) continue;
    if (!std::exchange(any, true))
      out.foreign_family("gen_ai_client_token_usage", "histogram", "Tokens of calls of models.");
    out.sample(s.input_tokens, {{asked, k.asked}, {answered, k.answered}, {error, k.error}, {kind, "input"}});
    out.sample(s.output_tokens, {{asked, k.asked}, {answered, k.answered}, {error, k.error}, {kind, "output"}});
  }
  struct bill {
    double dollars = 0;
    std::uint64_t unpriced = 0, hedged = 0, answered_by_hedge = 0;
  };
  std::map<std::string_view, bill> bills;
  for (const auto& [k, s] : calls.series()) {
    bill& b = bills[k.answered.empty() ? k.asked : k.answered];
    b.dollars += s.dollars;
    b.unpriced += s.unpriced;
    b.hedged += s.hedged;
    b.answered_by_hedge += s.answered_by_hedge;
  }
  out.family("model_cost_dollars_total", "counter", "What calls of models cost, as far as that is known.");
  for (const auto& [model, b] : bills) out.sample(b.dollars, "model", model);
  out.family("model_unpriced_calls_total", "counter", "Calls of models whose cost is not known.");
  for (const auto& [model, b] : bills) out.sample(b.unpriced, "model", model);
  out.family("model_hedged_calls_total", "counter", "Answered calls of models that were asked a second time.");
  for (const auto& [model, b] : bills) out.sample(b.hedged, "model", model);
  out.family("model_calls_answered_by_hedge_total", "counter", "Of those, the ones that the second call answered.");
  for (const auto& [model, b] : bills) out.sample(b.answered_by_hedge, "model", model);
}

void add_limiters(exposition& out, std::span<const limiter_gauges> limiters) {
  if (limiters.empty()) return;
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    out.family(name, type, help);
    for (const limiter_gauges& l : limiters) out.sample(static_cast<double>(value(l)), "model", l.model);
  };
  family("limiter_waiting", "gauge", "Calls that wait to go out.", [](const auto& l) { return l.waiting; });
  family("limiter_in_flight", "gauge", "Calls under way.", [](const auto& l) { return l.in_flight; });
  family("limiter_in_flight_limit", "gauge", "Most calls that may be under way.",
         [](const auto& l) { return l.in_flight_limit; });
  const auto rate = [&](std::string_view name, std::string_view help, std::optional<double> limiter_gauges::* value) {
    bool any = false;
    for (const limiter_gauges& l : limiters) {
      if (!(l.*value)) continue;
      if (!std::exchange(any, true)) out.family(name, "gauge", help);
      out.sample(*(l.*value), "model", l.model);
    }
  };
  rate("limiter_requests_per_minute", "Requests a minute that may go out.", &limiter_gauges::requests_a_minute);
  rate("limiter_tokens_per_minute", "Tokens a minute that may go out.", &limiter_gauges::tokens_a_minute);
  family("limiter_paused", "gauge", "1 while nothing goes out, by the endpoint's wish or an open circuit.",
         [](const auto& l) { return l.paused ? 1 : 0; });
  family("limiter_circuit_open", "gauge", "1 while calls fail at once, because too many have failed.",
         [](const auto& l) { return l.circuit_open ? 1 : 0; });
  family("limiter_served_total", "counter", "Calls that were answered.", [](const auto& l) { return l.served; });
  family("limiter_throttled_total", "counter", "Calls that the endpoint refused as too many.",
         [](const auto& l) { return l.throttled; });
  family("limiter_failed_total", "counter", "Calls that failed otherwise.", [](const auto& l) { return l.failed; });
}

}  // namespace corchestra::detail
