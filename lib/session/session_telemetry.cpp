#include "session/session_telemetry.hpp"

#include <corchestra/base/text.hpp>
#include <corchestra/core/run_trace.hpp>
#include <corchestra/telemetry/endpoint_attributes.hpp>
#include <corchestra/telemetry/key_value_list.hpp>
#include <corchestra/telemetry/observe_run.hpp>

namespace corchestra {

namespace {

error not_usable(std::string_view key, const error& e) {
  return fail(errc::invalid_config, concat(key, ": ", e.message));
}

result<telemetry::otlp_options> exporter_options(const settings& s, const logger& log) {
  telemetry::otlp_options o;
  o.endpoint = s.telemetry.otlp_endpoint;
  const auto headers = telemetry::parse_key_value_list(s.telemetry.otlp_headers.reveal());
  if (!headers) return not_usable("telemetry.otlp_headers", headers.error());
  for (const auto& [name, value] : *headers) o.headers.emplace_back(name, secret(value));
  const auto resource = telemetry::parse_key_value_list(s.telemetry.resource_attributes);
  if (!resource) return not_usable("telemetry.resource_attributes", resource.error());
  o.resource.emplace_back("service.name", s.telemetry.service_name);
  for (const auto& [name, value] : *resource) {
    if (name != "service.name") {
      o.resource.emplace_back(name, value);
    } else if (s.telemetry.service_name == settings().telemetry.service_name) {
      o.resource.front().second = value;
    }
  }
  o.logger = log;
  return o;
}

}  // namespace

result<session_telemetry> session_telemetry::open(const any_io_executor& executor, const settings& s,
                                                  const logger& log) {
  session_telemetry t;
  trace_context parent;
  if (!s.telemetry.trace_parent.empty()) {
    if (auto read = parse_traceparent(s.telemetry.trace_parent, s.telemetry.trace_state)) {
      parent = std::move(*read);
    } else {
      log.warn("telemetry", concat(read.error().message, "; it is left aside"));
    }
  }
  const bool exports = !s.telemetry.otlp_endpoint.empty();
  if (exports || !parent.none()) t.trace_ = trace_options{std::move(parent), exports};
  if (!exports) return t;

  auto o = exporter_options(s, log);
  if (!o) return o.error();
  net::http_client_options http;
  http.ca_file = s.ca_file;
  http.logger = log;
  auto client = net::make_http_client(executor, std::move(http));
  if (!client) return client.error();
  auto exporter = telemetry::otlp_exporter::create(executor, std::move(*client), std::move(*o));
  if (!exporter) return not_usable("telemetry", exporter.error());
  t.exporter_ = std::move(*exporter);
  if (const auto base = net::parse_url(s.base_url)) t.endpoint_ = telemetry::endpoint_attributes(*base);
  t.capture_content_ = s.telemetry.capture_content;
  return t;
}

std::vector<std::pair<std::string, std::string>> session_telemetry::analysis_headers(std::string_view run_id) const {
  if (!trace_) return {};
  trace_context at = trace_->parent;
  if (trace_->recorded) {
    const run_trace ids(run_id, trace_->parent);
    at.trace = ids.trace();
    at.span = ids.analysis();
  }
  std::vector<std::pair<std::string, std::string>> headers;
  if (std::string parent = at.traceparent(); !parent.empty()) {
    headers.emplace_back("traceparent", std::move(parent));
    if (!at.state.empty()) headers.emplace_back("tracestate", at.state);
  }
  return headers;
}

event_sink session_telemetry::observer(const clock_anchor& anchor) const {
  if (!exporter_) return {};
  telemetry::span_options o;
  o.trace = *trace_;
  o.anchor = anchor;
  o.endpoint = endpoint_;
  o.capture_content = capture_content_;
  return telemetry::observe_run(*exporter_, std::move(o));
}

awaitable<void> session_telemetry::finish() {
  if (!exporter_) co_return;
  co_await exporter_->flush();
}

}  // namespace corchestra
