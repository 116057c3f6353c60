#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/logger.hpp>
#include <corchestra/base/secret.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/net/http_client.hpp>
#include <corchestra/telemetry/span.hpp>

namespace corchestra::telemetry {

struct otlp_options {
  std::string endpoint;  ///< of the collector: `http://127.0.0.1:4318`; `/v1/traces` and `/v1/metrics` are below it
  std::vector<std::pair<std::string, secret>> headers;  ///< of every request
  attributes resource;  ///< besides `service.version` and `telemetry.sdk.*`; `service.name` is `corchestra` without it
  std::size_t max_spans = 8'192;                 ///< that wait; beyond it the oldest are dropped
  std::size_t max_bytes = 16u << 20;             ///< of them
  std::size_t batch_spans = 512;                 ///< in a request, which goes out at once when there are so many
  std::size_t batch_bytes = 4u << 20;            ///< in a request
  duration batch_age = std::chrono::seconds(5);  ///< a span waits no longer for others
  duration metric_interval =
      std::chrono::seconds(60);  ///< between two requests with metrics, when something was counted
  duration request_timeout = std::chrono::seconds(10);
  int max_tries = 5;  ///< of a request that the collector cannot take now; then its spans are dropped
  duration first_delay = std::chrono::seconds(1);  ///< before the second; doubled for each further one
  duration max_delay = std::chrono::seconds(30);   ///< also of a Retry-After
  corchestra::logger logger;
};

struct otlp_status {
  std::uint64_t sent = 0;      ///< spans that the collector took
  std::uint64_t dropped = 0;   ///< that did not fit, or whose request was given up
  std::uint64_t rejected = 0;  ///< that the collector refused
  std::size_t waiting = 0;     ///< or on their way
  bool failing = false;        ///< the last request did not succeed
};

/// Sends spans and metrics to an OpenTelemetry collector, as JSON over HTTP. What it is given it takes at once and
/// without waiting; requests go out one at a time, on the executor. While a collector is down the logger is told once.
/// What waits when the last handle and the context are gone is lost: `flush` first. Thread-safe. A handle: copies share
/// the exporter.
class otlp_exporter {
 public:
  /// Errors: `invalid_argument` for an endpoint or a header that cannot be used.
  static result<otlp_exporter> create(any_io_executor executor, std::shared_ptr<net::http_client> http,
                                      otlp_options options);

  void add(const span& s);
  /// Counts what the event says for the metrics. `endpoint`: of the models that the run asks.
  void count(const event& e, const attributes& endpoint);

  /// Sends all that waits; after `limit` what is left is dropped. Against a collector that is known to be down it tries
  /// only once. Cancelling the wait does not end the sending.
  awaitable<otlp_status> flush(duration limit = std::chrono::seconds(5));
  otlp_status status() const;

 private:
  struct impl;
  explicit otlp_exporter(std::shared_ptr<impl> p) : impl_(std::move(p)) {}
  std::shared_ptr<impl> impl_;
};

}  // namespace corchestra::telemetry
