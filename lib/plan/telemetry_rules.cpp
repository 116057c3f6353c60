#include "plan/telemetry_rules.hpp"

#include "plan/setting_values.hpp"

namespace corchestra::plan_file {

namespace {

bool assign_otlp_headers(settings& s, const std::string& text) {
  if (std::any_of(text.begin(), text.end(), is_control)) return false;
  s.telemetry.otlp_headers = secret(text);
  return true;
}

}  // namespace

std::vector<setting_rule> telemetry_rules() {
  return {
      {{"telemetry.otlp_endpoint",
        "--otlp-endpoint",
        {"CORCHESTRA_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"},
        "",
        a_url,
        "none: nothing is exported",
        "The OpenTelemetry collector that spans and metrics are sent to, as JSON over HTTP: http://127.0.0.1:4318."},
       [](settings& s, const std::string& t) { return assign_url(s.telemetry.otlp_endpoint, t); }},
      {{"telemetry.otlp_headers",
        "",
        {"CORCHESTRA_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"},
        "",
        "NAME=VALUE,NAME=VALUE",
        "none",
        "Headers of the requests to the collector, values percent-encoded. Never shown, never from a plan or a flag.",
        true},
       assign_otlp_headers},
      {{"telemetry.service_name",
        "--service-name",
        {"CORCHESTRA_SERVICE_NAME", "OTEL_SERVICE_NAME"},
        "",
        "text on one line",
        "corchestra",
        "What the collector is told as service.name."},
       [](settings& s, const std::string& t) { return assign_line(s.telemetry.service_name, t); }},
      {{"telemetry.resource_attributes",
        "--resource-attributes",
        {"CORCHESTRA_RESOURCE_ATTRIBUTES", "OTEL_RESOURCE_ATTRIBUTES"},
        "",
        "NAME=VALUE,NAME=VALUE",
        "none",
        "What else the collector is told of this program, values percent-encoded: deployment.environment.name=test."},
       [](settings& s, const std::string& t) { return assign_line(s.telemetry.resource_attributes, t); }},
      {{"telemetry.capture_content",
        "--capture-content",
        {"CORCHESTRA_CAPTURE_CONTENT"},
        "",
        "true or false",
        "false",
        "Whether the collector gets to see what tasks are asked and bring, and the words of errors."},
       [](settings& s, const std::string& t) { return assign_boolean(s.telemetry.capture_content, t); }},
      {{"telemetry.trace_parent",
        "--trace-parent",
        {"CORCHESTRA_TRACE_PARENT", "TRACEPARENT"},
        "",
        "a W3C traceparent",
        "none: a run begins a trace",
        "The span that a run belongs to. One that cannot be read is left aside."},
       [](settings& s, const std::string& t) { return assign_line(s.telemetry.trace_parent, t); }},
      {{"telemetry.trace_state",
        "--trace-state",
        {"CORCHESTRA_TRACE_STATE", "TRACESTATE"},
        "",
        "a W3C tracestate",
        "none",
        "What other systems have to say to it."},
       [](settings& s, const std::string& t) { return assign_line(s.telemetry.trace_state, t); }},
  };
}

}  // namespace corchestra::plan_file
