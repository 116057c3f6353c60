#include <corchestra/telemetry/otlp_exporter.hpp>

#include <catch2/catch_test_macros.hpp>

#include <boost/asio/co_spawn.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "llm/scripted_http_client.hpp"
#include "telemetry/otlp_text.hpp"

using namespace corchestra;
using namespace corchestra::telemetry;
using namespace std::chrono_literals;
using tests::scripted_http_client;

namespace {

span numbered_span(std::uint64_t n) {
  span s;
  s.trace = {1, 1};
  s.id = n;
  s.name = "s" + std::to_string(n);
  return s;
}

struct exporting {
  explicit exporting(otlp_options o = {}) {
    o.endpoint = "http://collector:4318";
    o.logger =
        logger(log_level::info, [this](log_level, std::string_view, std::string_view m) { log.emplace_back(m); });
    exporter.emplace(otlp_exporter::create(time.executor(), http, std::move(o)).value());
  }
  void add(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t n = first; n <= last; ++n) exporter->add(numbered_span(n));
  }
  std::vector<std::string> names(std::size_t request) const {
    std::vector<std::string> out;
    const json body = json::parse(http->log().at(request).request.body);
    for (const auto& s : body["resourceSpans"][0]["scopeSpans"][0]["spans"]) out.push_back(s["name"]);
    return out;
  }
  otlp_status flush(duration limit = 5s) { return time.run(exporter->flush(limit)); }

  testing::virtual_time_context time;
  std::shared_ptr<scripted_http_client> http = std::make_shared<scripted_http_client>();
  std::vector<std::string> log;
  std::optional<otlp_exporter> exporter;
};

otlp_options batches_of(std::size_t n) {
  otlp_options o;
  o.batch_spans = n;
  return o;
}

error refused_connection() { return fail(errc::connect_failed, "refused"); }

}  // namespace

TEST_CASE("a full batch goes out at once, a part of one when it is old enough") {
  exporting x(batches_of(3));
  x.http->replies(200, "{}").replies(200, "{}");
  x.add(1, 4);
  x.time.run();
  REQUIRE(x.http->log().size() == 2);
  CHECK(x.names(0) == std::vector<std::string>{"s1", "s2", "s3"});
  CHECK(x.http->at(0) == 0);
  CHECK(x.names(1) == std::vector<std::string>{"s4"});
  CHECK(x.http->at(1) == 5);
  const otlp_status s = x.exporter->status();
  CHECK(s.sent == 4);
  CHECK(s.waiting == 0);
  CHECK(x.log.empty());
}

TEST_CASE("a request says what the collector must know, its own headers included") {
  otlp_options o;
  o.headers = {{"x-key", secret("hush-hush")}};
  o.resource = {{"service.name", std::string("mine")}};
  exporting x(std::move(o));
  x.http->replies(200, "");
  x.add(1, 1);
  x.flush();
  const auto& sent = x.http->log().at(0).request;
  CHECK(sent.method == "POST");
  CHECK(sent.target.to_string() == "http://collector:4318/v1/traces");
  CHECK(sent.headers.get("content-type") == "application/json");
  CHECK(sent.headers.get("x-key") == "hush-hush");
  const json resource = json::parse(sent.body)["resourceSpans"][0]["resource"]["attributes"];
  CHECK(resource[0] == json::parse(R"({"key":"service.name","value":{"stringValue":"mine"}})"));
  CHECK(resource.size() == 5);
}

TEST_CASE("an outage is logged once, tries wait longer and longer, and what is given up is counted") {
  exporting x(batches_of(2));
  for (int i = 0; i < 5; ++i) x.http->breaks(refused_connection());
  x.http->replies(503, "").replies(200, "{}").replies(200, "{}");
  x.add(1, 5);
  x.time.run();
  std::vector<double> times;
  for (const auto& sent : x.http->log()) times.push_back(sent.at);
  CHECK(times == std::vector<double>{0, 1, 3, 7, 15, 15, 16, 20});
  CHECK(x.names(0) == x.names(4));
  CHECK(x.names(5) == std::vector<std::string>{"s3", "s4"});
  const otlp_status s = x.exporter->status();
  CHECK(s.dropped == 2);
  CHECK(s.sent == 3);
  CHECK_FALSE(s.failing);
  REQUIRE(x.log.size() == 2);
  CHECK(x.log[0] ==
        "cannot export to http://collector:4318: refused; spans wait, 8192 at most, then the oldest are dropped");
  CHECK(x.log[1] == "exports to http://collector:4318 again; 2 spans were dropped meanwhile");
}

TEST_CASE("a collector that asks for time gets it, up to the limit") {
  for (const auto& [asked, waits] : {std::pair{"7", 7.0}, {"3600", 30.0}, {"0", 1.0}, {"soon", 1.0}}) {
    INFO(asked);
    exporting x;
    x.http->replies(429, "", {{"Retry-After", asked}}).replies(200, "{}");
    x.add(1, 1);
    x.time.run();
    REQUIRE(x.http->log().size() == 2);
    CHECK(x.http->at(1) - x.http->at(0) == waits);
  }
}

TEST_CASE("what a collector refuses is not sent again") {
  exporting x(batches_of(2));
  x.http->replies(400, "").replies(200, R"({"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}})");
  x.add(1, 4);
  x.time.run();
  CHECK(x.http->log().size() == 2);
  const otlp_status s = x.exporter->status();
  CHECK(s.rejected == 3);
  CHECK(s.sent == 1);
  CHECK(s.dropped == 0);
  CHECK(x.log == std::vector<std::string>{"cannot export to http://collector:4318: HTTP 400"});
}

TEST_CASE("too many that wait cost the oldest, by number and by bytes") {
  otlp_options few;
  few.max_spans = 3;
  otlp_options small;
  small.max_bytes = 3 * span_text(numbered_span(1)).size();
  for (otlp_options& o : std::vector<otlp_options>{few, small}) {
    exporting x(std::move(o));
    x.http->replies(200, "{}");
    x.add(1, 5);
    CHECK(x.exporter->status().dropped == 2);
    x.flush();
    CHECK(x.names(0) == std::vector<std::string>{"s3", "s4", "s5"});
  }
}

TEST_CASE("a flush sends everything, in as many requests as it takes") {
  exporting x(batches_of(2));
  for (int i = 0; i < 3; ++i) x.http->replies(200, "{}", {}, 100ms);
  x.add(1, 5);
  const otlp_status s = x.flush();
  CHECK(s.sent == 5);
  CHECK(s.waiting == 0);
  CHECK(x.time.now() == time_point(300ms));
}

TEST_CASE("a flush of nothing ends at once") {
  exporting x;
  CHECK(x.flush().sent == 0);
  CHECK(x.time.now() == time_point{});
}

TEST_CASE("a flush ends at its limit, and what is left is dropped, told and forgotten") {
  exporting x(batches_of(2));
  x.http->replies(200, "{}", {}, 9s).replies(200, "{}");
  x.add(1, 3);
  const otlp_status s = x.flush(2s);
  CHECK(x.time.now() == time_point(2s));
  CHECK(s.dropped == 3);
  CHECK(s.waiting == 0);
  CHECK(x.log == std::vector<std::string>{"3 spans are lost: they could not be sent in time"});
  x.add(4, 4);
  CHECK(x.flush().sent == 1);
  CHECK(x.names(1) == std::vector<std::string>{"s4"});
}

TEST_CASE("a flush against a collector that is known to be down tries once") {
  exporting x;
  for (int i = 0; i < 3; ++i) x.http->breaks(refused_connection());
  x.add(1, 1);
  x.time.advance(6s);
  REQUIRE(x.http->log().size() == 2);
  const time_point before = x.time.now();
  const otlp_status s = x.flush();
  CHECK(x.time.now() == before);
  CHECK(x.http->log().size() == 3);
  CHECK(s.dropped == 1);
}

TEST_CASE("a flush that meets an outage tries again within its limit") {
  exporting x;
  x.http->breaks(refused_connection()).replies(200, "{}");
  x.add(1, 1);
  CHECK(x.flush().sent == 1);
  CHECK(x.time.now() == time_point(1s));
}

TEST_CASE("cancelling a flush ends the wait, not the sending") {
  exporting x;
  x.http->replies(200, "{}", {}, 1s);
  x.add(1, 1);
  scope s(x.time.executor());
  bool aborted = false;
  s.spawn([&]() -> awaitable<void> {
    try {
      co_await x.exporter->flush();
    } catch (const boost::system::system_error&) {
      aborted = true;
    }
  });
  x.time.advance(500ms);
  s.cancel();
  x.time.run();
  CHECK(aborted);
  CHECK(x.exporter->status().sent == 1);
}

TEST_CASE("metrics go out once an interval while something is counted, and with a flush") {
  exporting x;
  for (int i = 0; i < 3; ++i) x.http->replies(200, "{}");
  event e;
  e.type = event_type::task_ended;
  e.state = task_state::completed;
  x.exporter->count(e, {});
  x.exporter->count(e, {});
  x.time.run();
  REQUIRE(x.http->log().size() == 1);
  CHECK(x.http->at(0) == 60);
  CHECK(x.http->log()[0].request.target.path == "/v1/metrics");
  x.exporter->count(e, {});
  x.time.run();
  REQUIRE(x.http->log().size() == 2);
  CHECK(x.http->at(1) == 120);
  x.exporter->count(e, {});
  x.flush();
  REQUIRE(x.http->log().size() == 3);
  CHECK(x.http->at(2) == 120);
  const json body = json::parse(x.http->log()[2].request.body);
  const json& point = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"][0];
  CHECK(point["asInt"] == "4");
  CHECK(point["startTimeUnixNano"].get<std::string>().size() == 19);
}

TEST_CASE("a context that ends takes an exporter with work and waiters along") {
  std::optional<otlp_exporter> outlives;
  {
    exporting x;
    x.http->replies(200, "{}", {}, 1h);
    outlives = x.exporter;
    x.add(1, 1);
    asio::co_spawn(x.time.executor(), x.exporter->flush(2h), [](std::exception_ptr, otlp_status) { FAIL(); });
    x.time.advance(1s);
    CHECK(x.http->log().size() == 1);
  }
  outlives->add(numbered_span(2));
  CHECK(outlives->status().sent == 0);
}

TEST_CASE("endpoints and headers that cannot be used are refused without showing a value") {
  testing::virtual_time_context time;
  const auto refusal = [&](otlp_options o) {
    return otlp_exporter::create(time.executor(), std::make_shared<scripted_http_client>(), std::move(o))
        .error()
        .message;
  };
  otlp_options o;
  o.endpoint = "ftp://h";
  CHECK(refusal(o).starts_with("OTLP endpoint: "));
  o.endpoint = "http://h";
  o.headers = {{"x", secret("hush\r\nhush")}};
  CHECK(refusal(o) == "OTLP header 'x' cannot be sent");
}
