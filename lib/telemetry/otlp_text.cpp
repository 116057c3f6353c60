#include "telemetry/otlp_text.hpp"

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/base/version.hpp>

namespace corchestra::telemetry {

namespace {

struct value_writer {
  std::string operator()(const std::string& text) const {
    return concat(R"({"stringValue":)", dump_json(json(text)), '}');
  }
  std::string operator()(std::int64_t n) const { return concat(R"({"intValue":)", quoted(n), '}'); }
  std::string operator()(double d) const { return concat(R"({"doubleValue":)", dump_json(json(d)), '}'); }
  std::string operator()(bool b) const { return concat(R"({"boolValue":)", b ? "true" : "false", '}'); }
  std::string operator()(const std::vector<std::string>& list) const {
    std::string out = R"({"arrayValue":{"values":[)";
    for (const std::string& text : list) out += concat(&text == list.data() ? "" : ",", (*this)(text));
    return out + "]}}";
  }
};

std::string body(std::string_view kind, const std::string& resource, std::string_view items) {
  return concat(R"({"resource)", kind, R"(":[{"resource":{"attributes":)", resource, R"(},"scope)", kind,
                R"(":[{"scope":{"name":"corchestra","version":")", version, R"("},")",
                kind == "Spans" ? "spans" : "metrics", R"(":[)", items, "]}]}]}");
}

}  // namespace

std::string quoted(std::int64_t n) { return concat('"', n, '"'); }

std::string attributes_text(const attributes& list) {
  std::string out = "[";
  for (const auto& [key, value] : list) {
    if (out.size() > 1) out += ',';
    out += concat(R"({"key":)", dump_json(json(key)), R"(,"value":)", std::visit(value_writer{}, value), '}');
  }
  return out + ']';
}

std::string span_text(const span& s) {
  std::string out = concat(R"({"traceId":")", to_hex(s.trace), R"(","spanId":")", to_hex(s.id), '"');
  if (!s.state.empty()) out += concat(R"(,"traceState":)", dump_json(json(s.state)));
  if (s.parent != 0) out += concat(R"(,"parentSpanId":")", to_hex(s.parent), '"');
  out += concat(R"(,"name":)", dump_json(json(s.name)), R"(,"kind":)", static_cast<int>(s.kind),
                R"(,"startTimeUnixNano":)", quoted(s.begin), R"(,"endTimeUnixNano":)", quoted(s.end),
                R"(,"attributes":)", attributes_text(s.attributes));
  if (!s.links.empty()) {
    out += R"(,"links":[)";
    for (const span_link& l : s.links)
      out += concat(&l == s.links.data() ? "" : ",", R"({"traceId":")", to_hex(l.trace), R"(","spanId":")",
                    to_hex(l.span), R"("})");
    out += ']';
  }
  if (s.dropped_links > 0) out += concat(R"(,"droppedLinksCount":)", s.dropped_links);
  if (s.failed) {
    out += R"(,"status":{"code":2)";
    if (!s.message.empty()) out += concat(R"(,"message":)", dump_json(json(s.message)));
    out += '}';
  }
  return out + '}';
}

std::string traces_body(const std::string& resource, std::string_view spans) { return body("Spans", resource, spans); }
std::string metrics_body(const std::string& resource, std::string_view metrics) {
  return body("Metrics", resource, metrics);
}

}  // namespace corchestra::telemetry
