#include <corchestra/telemetry/observe_run.hpp>

#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/time_service.hpp>
#include <corchestra/net/http_server.hpp>
#include <corchestra/runtime/orchestrator.hpp>

#include "support/gate.hpp"
#include "support/plans.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::telemetry;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

/// A collector: keeps what it is sent.
struct collector {
  explicit collector(asio::io_context& context, gate* wait_for = nullptr)
      : server(net::http_server::listen(context.get_executor(), [this, wait_for](net::server_request r,
                                                                                 net::server_reply& reply) {
                 return take(this, wait_for, std::move(r), reply);
               }).value()) {}

  static awaitable<void> take(collector* self, gate* wait_for, net::server_request r, net::server_reply& reply) {
    if (wait_for) co_await wait_for->pass();
    self->bodies[r.path].push_back(json::parse(r.body));
    co_await reply.send(200, {{"Content-Type", "application/json"}}, "{}");
  }
  std::vector<json> spans() {
    std::vector<json> all;
    for (const json& body : bodies["/v1/traces"])
      for (const json& s : body["resourceSpans"][0]["scopeSpans"][0]["spans"]) all.push_back(s);
    return all;
  }

  std::map<std::string, std::vector<json>> bodies;
  net::http_server server;
};

otlp_exporter exporter_to(asio::io_context& context, std::string endpoint) {
  otlp_options o;
  o.endpoint = std::move(endpoint);
  o.first_delay = 1ms;
  auto http = net::make_http_client(context.get_executor()).value();
  return otlp_exporter::create(context.get_executor(), std::move(http), std::move(o)).value();
}

run_result run_traced(asio::io_context& context, const otlp_exporter& exporter, task_plan p) {
  orchestrator o(context.get_executor());
  o.agents().add("a", make_agent([](task_context c) -> awaitable<result<task_output>> {
                   if (c.task().id == "bad") co_return fail(errc::task_failed, "no");
                   co_return json(c.trace_parent());
                 }));
  p.options.trace.emplace();
  run_callbacks callbacks;
  span_options about;
  about.trace = *p.options.trace;
  about.anchor = time_service::of(context.get_executor()).anchor();
  callbacks.on_event = observe_run(exporter, std::move(about));
  auto started = o.start(std::move(p), std::move(callbacks));
  return tests::run(context, started.value().wait());
}

bool is_hex(const json& value, std::size_t digits) {
  const auto text = value.get<std::string>();
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

TEST_CASE("a run's spans and metrics reach a collector in OTLP's shape") {
  asio::io_context context;
  collector c(context);
  const otlp_exporter exporter = exporter_to(context, c.server.base_url());
  const run_result r = run_traced(context, exporter, plan({task("one"), task("two", {"one"}), task("bad")}));
  const otlp_status status = tests::run(context, otlp_exporter(exporter).flush());
  CHECK(status.sent == 7);
  CHECK_FALSE(status.failing);
  const std::vector<json> spans = c.spans();
  REQUIRE(spans.size() == 7);
  std::set<std::string> ids;
  for (const json& s : spans) {
    CHECK(is_hex(s["traceId"], 32));
    CHECK(s["traceId"] == spans[0]["traceId"]);
    CHECK(is_hex(s["spanId"], 16));
    CHECK(ids.insert(s["spanId"]).second);
    CHECK(s["kind"].is_number_integer());
    for (const char* time : {"startTimeUnixNano", "endTimeUnixNano"}) {
      REQUIRE(s[time].is_string());
      CHECK(s[time].get<std::string>().size() == 19);
    }
    CHECK(s["startTimeUnixNano"] <= s["endTimeUnixNano"]);
    for (const json& a : s["attributes"]) {
      CHECK(a["key"].is_string());
      CHECK(a["value"].size() == 1);
      if (a["value"].contains("intValue")) CHECK(a["value"]["intValue"].is_string());
    }
    const bool failed = s["name"] == "invoke_workflow" || s.dump().find("\"bad\"") != std::string::npos;
    CHECK(s.contains("status") == failed);
  }
  for (const json& s : spans)
    if (s.contains("parentSpanId")) CHECK(ids.contains(s["parentSpanId"]));
  CHECK(c.bodies["/v1/metrics"].size() == 1);

  const std::string handed_on = r.find("one")->output.value;
  REQUIRE(handed_on.size() == 55);
  CHECK(handed_on.substr(3, 32) == spans[0]["traceId"].get<std::string>());
  CHECK(ids.contains(handed_on.substr(36, 16)));
}

TEST_CASE("a collector that does not answer costs a run no time") {
  asio::io_context context;
  gate closed;
  collector c(context, &closed);
  otlp_exporter exporter = exporter_to(context, c.server.base_url());
  CHECK(run_traced(context, exporter, plan(numbered(600))).success());
  CHECK(exporter.status().sent == 0);
  closed.open();
  CHECK(tests::run(context, exporter.flush(60s)).sent == 1201);
}

TEST_CASE("nobody at the collector's address is an outage, and a run ends all the same") {
  asio::io_context context;
  std::string address;
  {
    collector gone(context);
    address = gone.server.base_url();
    tests::run(context, gone.server.stop());
  }
  otlp_exporter exporter = exporter_to(context, address);
  CHECK(run_traced(context, exporter, plan({task("one")})).success());
  const otlp_status s = tests::run(context, exporter.flush(60s));
  CHECK(s.failing);
  CHECK(s.dropped == 3);
}
