#pragma once

#include <array>
#include <map>
#include <string>

#include <corchestra/core/model_call_metrics.hpp>
#include <corchestra/telemetry/span.hpp>

namespace corchestra::telemetry {

/// Everything that has been counted, of all runs together. Not thread-safe.
class metric_store {
 public:
  /// Whether the event counted. `endpoint`: of calls of models.
  bool count(const event& e, const attributes& endpoint);

  bool empty() const noexcept { return runs_.empty() && attempts_.empty() && calls_.empty(); }
  /// The metrics as OTLP's JSON, with commas between them; cumulative since `begin` (nanoseconds since 1970, as `now`).
  std::string text(std::int64_t begin, std::int64_t now) const;

 private:
  struct endpoint_calls {
    attributes endpoint;
    model_call_metrics calls;
  };
  std::map<std::string, std::uint64_t> runs_, attempts_, tasks_;  // by how they ended
  std::map<std::string, endpoint_calls> calls_;                   // by the text of the endpoint's attributes
};

}  // namespace corchestra::telemetry
