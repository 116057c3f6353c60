#include <corchestra/core/model_call_facts.hpp>

#include <charconv>
#include <cmath>

namespace corchestra {

namespace {

std::string text_at(const json& data, const char* key) {
  const auto it = data.find(key);
  return it != data.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::optional<std::int64_t> whole(const json& data, const char* key) {
  const auto it = data.find(key);
  if (it == data.end() || !it->is_number_integer() || it->get<std::int64_t>() < 0) return std::nullopt;
  return it->get<std::int64_t>();
}

optional_duration milliseconds_at(const json& data, const char* key) {
  const auto n = whole(data, key);
  constexpr std::int64_t most = 1'000'000'000'000;  // some thirty years
  if (!n || *n > most) return {};
  return duration(std::chrono::milliseconds(*n));
}

std::optional<double> number(const std::string& decimal) {
  double value = 0;
  const auto [end, problem] = std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
  if (decimal.empty() || problem != std::errc() || end != decimal.data() + decimal.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

}  // namespace

std::optional<model_call_facts> facts_of_model_call(const event& e) {
  const bool ended = e.type == event_type::model_call_ended;
  if (!ended && e.type != event_type::model_call) return std::nullopt;
  static const json nothing = json::object();
  const json& data = e.data.is_object() ? e.data.get() : nothing;
  if (!ended && data.contains("call")) return std::nullopt;  // model_call_ended follows
  model_call_facts f;
  f.number = static_cast<std::uint32_t>(whole(data, "call").value_or(0));
  f.asked = text_at(data, "model");
  f.answered = ended ? text_at(data, "response_model") : f.asked;
  f.finish = text_at(data, "finish");
  if (e.error) f.error = code_name(*e.error);
  f.service_tier = text_at(data, "service_tier");
  f.hedge = text_at(data, "hedge");
  f.elapsed = milliseconds_at(data, "elapsed_ms").value_or(duration{});
  f.first_token = milliseconds_at(data, "first_token_ms");
  f.http_attempts = static_cast<int>(whole(data, "http_attempts").value_or(0));
  f.dollars = number(text_at(data, "cost_usd"));
  if (e.usage) f.usage = *e.usage;
  return f;
}

}  // namespace corchestra
