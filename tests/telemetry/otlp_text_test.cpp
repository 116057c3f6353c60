#include "telemetry/otlp_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <corchestra/base/json.hpp>

#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::telemetry;

TEST_CASE("a span is written as OTLP's JSON: ids in hex, numbers of 64 bits as strings, kinds as numbers") {
  span s;
  s.trace = {0x0af7651916cd43dd, 0x8448eb211c80319c};
  s.id = 0xb7ad6b7169203331;
  s.parent = 1;
  s.state = "v=1";
  s.name = "chat \"m\"\n";
  s.kind = span_kind::client;
  s.begin = 1'700'000'000'123'456'789;
  s.end = 1'700'000'001'000'000'000;
  s.attributes = {{"text", std::string("a\xff")},
                  {"int", std::int64_t(-5)},
                  {"double", 0.25},
                  {"bool", true},
                  {"list", std::vector<std::string>{"a", "b"}},
                  {"none", std::vector<std::string>{}}};
  s.links = {{s.trace, 2}, {s.trace, 3}};
  s.dropped_links = 4;
  s.failed = true;
  s.message = "no";
  const auto written = parse_json(span_text(s));
  REQUIRE(written);
  CHECK(*written == json::parse(R"({
    "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "parentSpanId": "0000000000000001",
    "traceState": "v=1", "name": "chat \"m\"\n", "kind": 3,
    "startTimeUnixNano": "1700000000123456789", "endTimeUnixNano": "1700000001000000000",
    "attributes": [{"key": "text", "value": {"stringValue": "a\ufffd"}}, {"key": "int", "value": {"intValue": "-5"}},
      {"key": "double", "value": {"doubleValue": 0.25}}, {"key": "bool", "value": {"boolValue": true}},
      {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"stringValue": "b"}]}}},
      {"key": "none", "value": {"arrayValue": {"values": []}}}],
    "links": [{"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "0000000000000002"},
      {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "0000000000000003"}],
    "droppedLinksCount": 4, "status": {"code": 2, "message": "no"}})"));
}

TEST_CASE("a span without parent, links and failure says nothing of them") {
  span s;
  s.trace = {0, 1};
  s.id = 2;
  const json written = json::parse(span_text(s));
  for (const char* key : {"parentSpanId", "traceState", "links", "droppedLinksCount", "status"})
    CHECK_FALSE(written.contains(key));
}

TEST_CASE("bodies hold resource and scope") {
  const std::string resource = attributes_text({{"service.name", std::string("s")}});
  const json body = json::parse(traces_body(resource, "{},{}"));
  CHECK(body["resourceSpans"][0]["resource"]["attributes"][0]["key"] == "service.name");
  CHECK(body["resourceSpans"][0]["scopeSpans"][0]["scope"]["name"] == "corchestra");
  CHECK(body["resourceSpans"][0]["scopeSpans"][0]["spans"].size() == 2);
  CHECK(json::parse(metrics_body(resource, "{}"))["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].size() == 1);
}
