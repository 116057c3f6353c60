#include "telemetry/metric_store.hpp"

#include <functional>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "telemetry/otlp_text.hpp"

namespace corchestra::telemetry {

namespace {

constexpr int cumulative = 2;
constexpr std::size_t max_endpoints = 32;

/// Builds one metric's data points.
class points {
 public:
  points(std::int64_t begin, std::int64_t now)
      : times_(concat(R"("startTimeUnixNano":)", quoted(begin), R"(,"timeUnixNano":)", quoted(now))) {}

  void add_count(const attributes& a, std::uint64_t n) {
    open(a) += concat(R"(,"asInt":)", quoted(static_cast<std::int64_t>(n)), '}');
  }
  void add_number(const attributes& a, double d) { open(a) += concat(R"(,"asDouble":)", dump_json(json(d)), '}'); }
  void add_histogram(const attributes& a, const histogram& h) {
    if (h.count() == 0) return;
    std::string counts, bounds;
    for (const std::uint64_t n : h.counts())
      counts += concat(counts.empty() ? "" : ",", quoted(static_cast<std::int64_t>(n)));
    for (const double b : h.bounds()) bounds += concat(bounds.empty() ? "" : ",", dump_json(json(b)));
    open(a) +=
        concat(R"(,"count":)", quoted(static_cast<std::int64_t>(h.count())), R"(,"sum":)", dump_json(json(h.sum())),
               R"(,"min":)", dump_json(json(h.least())), R"(,"max":)", dump_json(json(h.most())),
               R"(,"bucketCounts":[)", counts, R"(],"explicitBounds":[)", bounds, "]}");
  }

  /// The metric, with a comma before it when it is not the first; nothing without points.
  void write(std::string& out, std::string_view name, std::string_view unit, bool is_histogram) const {
    if (text_.empty()) return;
    out += concat(out.empty() ? "" : ",", R"({"name":")", name, R"(","unit":")", unit, R"(",")",
                  is_histogram ? "histogram" : "sum", R"(":{"aggregationTemporality":)", cumulative,
                  is_histogram ? "" : R"(,"isMonotonic":true)", R"(,"dataPoints":[)", text_, "]}}");
  }

 private:
  std::string& open(const attributes& a) {
    text_ += concat(text_.empty() ? "" : ",", R"({"attributes":)", attributes_text(a), ',', times_);
    return text_;
  }
  std::string times_, text_;
};

attributes attributes_of(const attributes& endpoint, const model_call_metrics::key& k) {
  attributes a = endpoint;
  a.emplace_back("gen_ai.operation.name", std::string("chat"));
  if (!k.asked.empty()) a.emplace_back("gen_ai.request.model", k.asked);
  if (!k.answered.empty()) a.emplace_back("gen_ai.response.model", k.answered);
  if (!k.error.empty()) a.emplace_back("error.type", k.error);
  return a;
}

attributes with(attributes a, const char* key, std::string value) {
  a.emplace_back(key, std::move(value));
  return a;
}

void write_counts(std::string& out, const std::map<std::string, std::uint64_t>& counts, std::string_view name,
                  std::string_view unit, const char* by, std::int64_t begin, std::int64_t now) {
  points p(begin, now);
  for (const auto& [value, n] : counts) p.add_count({{by, value}}, n);
  p.write(out, name, unit, false);
}

}  // namespace

bool metric_store::count(const event& e, const attributes& endpoint) {
  switch (e.type) {
    case event_type::run_ended:
      ++runs_[to_lower(e.data.value("state", "unknown"))];
      return true;
    case event_type::attempt_ended:
      ++attempts_[to_lower(to_string(e.outcome))];
      return true;
    case event_type::task_ended:
      ++tasks_[to_lower(to_string(e.state))];
      return true;
    case event_type::model_call:
    case event_type::model_call_ended:
      break;
    default:
      return false;
  }
  const std::string text = attributes_text(endpoint);
  auto it = calls_.find(text);
  if (it == calls_.end()) {
    const bool full = calls_.size() >= max_endpoints;
    it = calls_.try_emplace(full ? std::string() : text, endpoint_calls{full ? attributes() : endpoint, {}}).first;
  }
  return it->second.calls(e);
}

std::string metric_store::text(std::int64_t begin, std::int64_t now) const {
  points seconds(begin, now), tokens(begin, now), cost(begin, now);
  for (const auto& [name, of] : calls_) {
    for (const auto& [key, series] : of.calls.series()) {
      const attributes a = attributes_of(of.endpoint, key);
      seconds.add_histogram(a, series.seconds);
      tokens.add_histogram(with(a, "gen_ai.token.type", "input"), series.input_tokens);
      tokens.add_histogram(with(a, "gen_ai.token.type", "output"), series.output_tokens);
      if (series.dollars > 0) cost.add_number(a, series.dollars);
    }
  }
  std::string out;
  seconds.write(out, "gen_ai.client.operation.duration", "s", true);
  tokens.write(out, "gen_ai.client.token.usage", "{token}", true);
  cost.write(out, "corchestra.model.cost", "{USD}", false);
  write_counts(out, runs_, "corchestra.runs", "{run}", "corchestra.run.state", begin, now);
  write_counts(out, tasks_, "corchestra.tasks", "{task}", "corchestra.task.state", begin, now);
  write_counts(out, attempts_, "corchestra.attempts", "{attempt}", "corchestra.attempt.outcome", begin, now);
  return out;
}

}  // namespace corchestra::telemetry
