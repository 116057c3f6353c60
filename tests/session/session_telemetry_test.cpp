#include "session/session_telemetry.hpp"

#include <catch2/catch_test_macros.hpp>

#include "stage.hpp"

using namespace corchestra;
using tests::stage;

namespace {

constexpr std::string_view two_tasks = R"(
name: two
agents:
  writer: {kind: llm, model: m, stream: false}
  child: {kind: command, argv: [sh, -c, 'printf "%s %s %s" "$TRACEPARENT" "$TRACESTATE" "$OTEL_SERVICE_NAME"']}
tasks:
  - {id: a, agent: writer, description: A very private question, depends_on: []}
  - {id: b, agent: child, description: Two, depends_on: [a]}
)";

constexpr std::string_view sample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// One server that is model and collector.
struct servers {
  std::vector<net::http_headers> asked, exported;
  std::vector<json> spans, metrics;
  std::string bodies;
  int collector_status = 200;

  net::request_handler handler() {
    return [this](net::server_request r, net::server_reply& reply) { return answer(this, std::move(r), reply); };
  }
  static awaitable<void> answer(servers* self, net::server_request r, net::server_reply& reply) {
    if (r.path == "/v1/chat/completions") {
      self->asked.push_back(r.headers);
      co_await reply.send(200, tests::json_type(), tests::chat_reply("A private answer"));
      co_return;
    }
    self->exported.push_back(r.headers);
    self->bodies += r.body;
    const json body = json::parse(r.body);
    if (r.path == "/v1/metrics") self->metrics.push_back(body);
    if (r.path == "/v1/traces")
      for (const json& s : body["resourceSpans"][0]["scopeSpans"][0]["spans"]) self->spans.push_back(s);
    co_await reply.send(self->collector_status, tests::json_type(), "{}");
  }
  const json& span(std::string_view name) const {
    for (const json& s : spans)
      if (s["name"] == name) return s;
    throw std::out_of_range(std::string(name));
  }
};

// Without the /v1 of the model.
std::string origin_of(const std::string& url) { return url.substr(0, url.size() - 3); }

}  // namespace

TEST_CASE("a session's spans and metrics reach the collector, and the model and the command hear of their spans") {
  stage s;
  servers all;
  const std::string url = s.serve(all.handler());
  const auto r =
      s.run(s.options(two_tasks, {{"endpoint.base_url", url}, {"telemetry.otlp_endpoint", origin_of(url)}},
                      {{"TRACEPARENT", std::string(sample)},
                       {"TRACESTATE", "v=1"},
                       {"OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=private,x-collector-key=hush%2Dhush-hush-hush"},
                       {"OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"}}));
  REQUIRE(r);
  REQUIRE(r->run.success());
  REQUIRE(all.spans.size() == 6);
  const json& chat = all.span("chat m");
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  for (const json& span : all.spans) CHECK(span["traceId"] == trace);
  CHECK(all.span("invoke_workflow two")["parentSpanId"] == "b7ad6b7169203331");
  CHECK(chat["parentSpanId"] == all.span("invoke_agent writer")["spanId"]);
  REQUIRE(all.asked.size() == 1);
  CHECK(all.asked[0].get("traceparent") == "00-" + trace + "-" + chat["spanId"].get<std::string>() + "-01");
  CHECK(all.asked[0].get("tracestate") == "v=1");
  const std::string attempt = all.span("invoke_agent child")["spanId"];
  CHECK(r->run.find("b")->output.value.get<std::string>().starts_with("00-" + trace + "-" + attempt + "-01 v=1 "));
  CHECK(all.exported[0].get("x-collector-key") == "hush-hush-hush-hush");
  CHECK_FALSE(all.asked[0].has("x-collector-key"));
  CHECK(all.metrics.size() == 1);
  CHECK(all.bodies.find("gen_ai.client.token.usage") != std::string::npos);
  CHECK(all.bodies.find(R"({"key":"deployment.environment.name","value":{"stringValue":"test"}})") !=
        std::string::npos);
  CHECK(all.bodies.find("private") == std::string::npos);
  std::string told = s.read("events.jsonl") + s.read("summary.json");
  for (const std::string& line : s.log) told += line;
  CHECK(told.find("hush-hush") == std::string::npos);
  CHECK(s.read("events.jsonl").find("model_call_ended") != std::string::npos);
  CHECK(s.read("outputs/a.txt") == "A private answer");  // a tenant's name is no secret
}

TEST_CASE("the analysis of dependencies asks its model under a span of its own") {
  constexpr std::string_view open_tasks = R"(
agents: {writer: {kind: llm, model: m, stream: false}}
tasks:
  - {id: a, agent: writer, description: One}
  - {id: b, agent: writer, description: Two}
)";
  for (const bool exported : {true, false}) {
    CAPTURE(exported);
    stage s;
    servers all;
    const std::string url = s.serve(all.handler());
    std::map<std::string, std::string> flags = {{"endpoint.base_url", url}};
    if (exported) flags["telemetry.otlp_endpoint"] = origin_of(url);
    REQUIRE(
        s.run(s.options(open_tasks, std::move(flags), {{"TRACEPARENT", std::string(sample)}, {"TRACESTATE", "v=1"}})));
    REQUIRE_FALSE(all.asked.empty());
    std::string want(sample);
    if (exported) want.replace(36, 16, all.span("analyze_dependencies")["spanId"].get<std::string>());
    CHECK(all.asked[0].get("traceparent") == want);
    CHECK(all.asked[0].get("tracestate") == "v=1");
  }
}

TEST_CASE("a command that is a tool hears of the trace too") {
  constexpr std::string_view with_tool = R"(
tools:
  look: {description: Looks, argv: [sh, -c, 'printf "%s %s" "$TRACEPARENT" "$TRACESTATE" > seen']}
agents: {writer: {kind: llm, model: m, tools: [look]}}
tasks: [{id: a, agent: writer, description: One, depends_on: []}]
)";
  for (const bool called : {true, false}) {
    stage s;
    std::map<std::string, std::string> environment;
    if (called) environment = {{"TRACEPARENT", std::string(sample)}, {"TRACESTATE", "v=1"}};
    const auto r = s.run(s.options(with_tool, {{"endpoint.base_url", s.simulate()}}, std::move(environment)));
    REQUIRE(r);
    REQUIRE(r->run.success());
    CHECK(s.folder.read("seen") == (called ? std::string(sample) + " v=1" : " "));
  }
}

TEST_CASE("content is exported when that is asked for") {
  stage s;
  servers all;
  const std::string url = s.serve(all.handler());
  REQUIRE(s.run(s.options(two_tasks, {{"endpoint.base_url", url},
                                      {"telemetry.otlp_endpoint", origin_of(url)},
                                      {"telemetry.capture_content", "true"}})));
  CHECK(all.bodies.find("A very private question") != std::string::npos);
  CHECK(all.bodies.find("A private answer") != std::string::npos);
}

TEST_CASE("without a collector a caller's trace is handed on as it came, and without a caller none is") {
  for (const bool called : {true, false}) {
    stage s;
    servers all;
    const std::string url = s.serve(all.handler());
    std::map<std::string, std::string> environment;
    if (called) environment = {{"TRACEPARENT", std::string(sample)}};
    const auto r = s.run(s.options(two_tasks, {{"endpoint.base_url", url}}, std::move(environment)));
    REQUIRE(r);
    REQUIRE(all.asked.size() == 1);
    CHECK(all.asked[0].get("traceparent") == (called ? sample : std::string_view()));
    CHECK(all.exported.empty());
  }
}

TEST_CASE("a caller's trace that cannot be read is left aside with a warning") {
  stage s;
  servers all;
  const std::string url = s.serve(all.handler());
  REQUIRE(s.run(s.options(two_tasks, {{"endpoint.base_url", url}, {"telemetry.trace_parent", "nonsense"}})));
  CHECK_FALSE(all.asked.at(0).has("traceparent"));
  CHECK(std::any_of(s.log.begin(), s.log.end(),
                    [](const std::string& l) { return l.starts_with("telemetry: traceparent 'nonsense'"); }));
}

TEST_CASE("a collector that refuses everything changes nothing about a run") {
  stage s;
  servers all;
  all.collector_status = 400;
  const std::string url = s.serve(all.handler());
  const auto r = s.run(s.options(two_tasks, {{"endpoint.base_url", url}, {"telemetry.otlp_endpoint", origin_of(url)}}));
  REQUIRE(r);
  CHECK(r->run.success());
  CHECK(std::count_if(s.log.begin(), s.log.end(),
                      [](const std::string& l) { return l.find("cannot export") != std::string::npos; }) == 1);
}

TEST_CASE("headers and attributes that cannot be read stop a session before anything is spent") {
  for (const auto& [variable, message] :
       {std::pair{"OTEL_EXPORTER_OTLP_HEADERS", "telemetry.otlp_headers: part 1: expected NAME=VALUE"},
        {"OTEL_RESOURCE_ATTRIBUTES", "telemetry.resource_attributes: part 1: expected NAME=VALUE"}}) {
    stage s;
    const auto r = s.run(s.options(
        two_tasks, {{"endpoint.base_url", "http://127.0.0.1:9/v1"}, {"telemetry.otlp_endpoint", "http://127.0.0.1:9"}},
        {{variable, "secret-without-name"}}));
    REQUIRE_FALSE(r);
    CHECK(r.error().is(errc::invalid_config));
    CHECK(r.error().message == message);
  }
}
