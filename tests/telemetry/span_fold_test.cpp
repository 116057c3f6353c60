#include <corchestra/telemetry/span_fold.hpp>

#include <catch2/catch_test_macros.hpp>

#include <corchestra/core/run_trace.hpp>

#include "core/event_samples.hpp"
#include "telemetry/span_checks.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using telemetry::span;
using namespace std::chrono_literals;

namespace {

constexpr wall_time wall(std::chrono::milliseconds(1'700'000'000'000));
constexpr std::int64_t second = 1'000'000'000, epoch = 1'700'000'000 * second;

struct traced {
  explicit traced(telemetry::span_options o = {})
      : fold(with_anchor(std::move(o)), [this](span s) { spans.push_back(std::move(s)); }) {}

  static telemetry::span_options with_anchor(telemetry::span_options o) {
    o.anchor = {time_point(1s), wall};
    return o;
  }
  const span& operator[](std::string_view name) const {
    for (const span& s : spans)
      if (s.name == name) return s;
    throw std::out_of_range(std::string(name));
  }
  void call(const std::string& id, json data, const token_usage* usage = nullptr, const error* failure = nullptr) {
    event e;
    e.type = event_type::model_call_ended;
    e.at = make.now;
    e.run_id = "run-1";
    e.task = make.number(id);
    e.task_id = id;
    e.data = std::move(data);
    e.usage = usage;
    e.error = failure;
    fold(e);
  }

  std::vector<span> spans;
  telemetry::span_fold fold;
  event_maker make{[this](const event& e) { fold(e); }};
};

}  // namespace

TEST_CASE("a run, its tasks, attempts and calls are spans with the right parents, ids and times") {
  traced t;
  t.make.now = time_point(1s);
  t.make.begin(4, "plan");
  t.make.submit("a", {}, "writer", "", "draft");
  t.make.now = time_point(3s);
  t.make.start("a");
  t.make.now = time_point(5s);
  const token_usage usage{100, 20, 30, 5, 1};
  t.call("a",
         {{"call", 1},
          {"model", "gpt"},
          {"response_model", "gpt-1"},
          {"finish", "stop"},
          {"elapsed_ms", 1500},
          {"first_token_ms", 250},
          {"http_attempts", 2},
          {"hedge", "overtaken"},
          {"cost_usd", "0.5"}},
         &usage);
  t.make.now = time_point(6s);
  t.make.complete("a");
  t.make.now = time_point(7s);
  t.make.end();

  const run_trace ids("run-1", {});
  REQUIRE(t.spans.size() == 4);
  const span& run = t["invoke_workflow plan"];
  const span& task = t["task draft"];
  const span& attempt = t["invoke_agent writer"];
  const span& chat = t["chat gpt"];
  for (const span& s : t.spans) {
    CHECK(s.trace == ids.trace());
    CHECK_FALSE(s.failed);
  }
  CHECK(run.id == ids.run());
  CHECK(run.parent == 0);
  CHECK(task.parent == run.id);
  CHECK(attempt.parent == task.id);
  CHECK(attempt.id == ids.attempt(0, 1));
  CHECK(chat.parent == attempt.id);
  CHECK(chat.id == ids.model_call(0, 1, 1));
  CHECK(run.begin == epoch);
  CHECK(run.end == epoch + 6 * second);
  CHECK(task.begin == epoch);
  CHECK(task.end == epoch + 5 * second);
  CHECK(attempt.begin == epoch + 2 * second);
  CHECK(chat.begin == epoch + 2'500'000'000);
  CHECK(chat.end == epoch + 4 * second);

  CHECK(chat.kind == telemetry::span_kind::client);
  CHECK(attempt.kind == telemetry::span_kind::internal);
  CHECK(text(chat, "gen_ai.operation.name") == "chat");
  CHECK(text(chat, "gen_ai.request.model") == "gpt");
  CHECK(text(chat, "gen_ai.response.model") == "gpt-1");
  CHECK(whole(chat, "gen_ai.usage.input_tokens") == 100);
  CHECK(whole(chat, "gen_ai.usage.output_tokens") == 20);
  CHECK(whole(chat, "gen_ai.usage.cache_read.input_tokens") == 30);
  CHECK(whole(chat, "gen_ai.usage.reasoning.output_tokens") == 5);
  CHECK(whole(chat, "corchestra.http.attempts") == 2);
  CHECK(text(chat, "corchestra.hedge") == "overtaken");
  CHECK(std::get<double>(*find(chat, "corchestra.cost_usd")) == 0.5);
  CHECK(std::get<double>(*find(chat, "gen_ai.response.time_to_first_chunk")) == 0.25);
  CHECK(std::get<std::vector<std::string>>(*find(chat, "gen_ai.response.finish_reasons")) ==
        std::vector<std::string>{"stop"});
  CHECK(text(attempt, "gen_ai.operation.name") == "invoke_agent");
  CHECK(text(attempt, "gen_ai.agent.name") == "writer");
  CHECK(text(attempt, "corchestra.attempt.outcome") == "completed");
  CHECK(text(task, "corchestra.task.id") == "a");
  CHECK(text(task, "corchestra.task.state") == "completed");
  CHECK(whole(task, "corchestra.task.attempts") == 1);
  CHECK(text(run, "gen_ai.workflow.name") == "plan");
  CHECK(text(run, "corchestra.run.id") == "run-1");
  CHECK(whole(run, "corchestra.run.tasks") == 1);
  CHECK(text(run, "corchestra.run.state") == "completed");
}

TEST_CASE("a task links to those it depends on, and a child is below its parent") {
  traced t;
  t.make.begin(4);
  t.make.submit("a");
  t.make.submit("b", {"a", "a/*"});
  t.make.submit("a/1", {}, "worker", "a");
  for (const char* id : {"a", "a/1", "b"}) {
    t.make.start(id);
    t.make.complete(id);
  }
  t.make.end();
  const run_trace ids("run-1", {});
  for (const span& s : t.spans) {
    if (s.name != "task worker") continue;
    const std::string id = text(s, "corchestra.task.id");
    CHECK(s.parent == (id == "a/1" ? ids.task(0) : ids.run()));
    REQUIRE(s.links.size() == (id == "b" ? 2 : 0));
    for (const auto& l : s.links) {
      CHECK(l.trace == ids.trace());
      CHECK(l.span == ids.task(0));
    }
  }
}

TEST_CASE("links beyond the 128th are counted, not written") {
  traced t;
  t.make.begin(4);
  std::vector<std::string> all;
  for (int i = 0; i < 150; ++i) {
    all.push_back("t" + std::to_string(i));
    t.make.submit(all.back());
  }
  t.make.submit("last", all);
  t.make.finish("last", task_state::skipped, "upstream_failed");
  REQUIRE(t.spans.size() == 1);
  CHECK(t.spans[0].links.size() == 128);
  CHECK(t.spans[0].dropped_links == 22);
}

TEST_CASE("every attempt is a span; a failed one tells the error's code and not its words") {
  traced t;
  t.make.begin(1);
  t.make.submit("a");
  t.make.start("a");
  const error lost = fail(errc::connection_lost, "secret words of the answer");
  t.call("a", {{"call", 1}, {"model", "m"}, {"elapsed_ms", 0}}, nullptr, &lost);
  t.make.stop("a", &lost, optional_duration(2s));
  t.make.start("a");
  t.make.stop("a", &lost);
  t.make.result("a").error = lost;
  t.make.finish("a", task_state::failed, lost.message);
  t.make.end("FAILED");
  const run_trace ids("run-1", {});
  REQUIRE(t.spans.size() == 5);
  CHECK(t.spans[1].id == ids.attempt(0, 1));
  CHECK(whole(t.spans[1], "corchestra.attempt.retry_in_ms") == 2000);
  CHECK(t.spans[2].id == ids.attempt(0, 2));
  CHECK_FALSE(find(t.spans[2], "corchestra.attempt.retry_in_ms"));
  for (const span& s : t.spans) {
    CHECK(s.failed);
    CHECK(s.message.empty());
    CHECK(text(s, "error.type") == (s.id == ids.run() ? "failed" : "connection_lost"));
  }
}

TEST_CASE("content is there only when it is asked for, cut to its limit") {
  for (const bool capture : {false, true}) {
    telemetry::span_options o;
    o.capture_content = capture;
    o.max_content_bytes = 20;
    traced t(std::move(o));
    t.make.begin(1);
    t.make.call("a").description = "Write about wind power and tides";
    t.make.submit("a");
    t.make.start("a");
    t.make.result("a").output = task_output("Wind.");
    t.make.complete("a");
    const span& task = t["task worker"];
    CHECK((find(task, "gen_ai.input.messages") != nullptr) == capture);
    if (!capture) continue;
    CHECK(text(task, "gen_ai.input.messages") ==
          R"([{"role":"user","parts":[{"type":"text","content":"Write about wind pow..."}]}])");
    CHECK(text(task, "gen_ai.output.messages") ==
          R"([{"role":"assistant","parts":[{"type":"text","content":"Wind."}],"finish_reason":"stop"}])");
  }
}

TEST_CASE("a run is part of its parent's trace, and nothing is written when that is not sampled") {
  for (const char* flags : {"01", "00"}) {
    telemetry::span_options o;
    o.trace.parent =
        *parse_traceparent(std::string("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-") + flags, "vendor=x");
    traced t(std::move(o));
    t.make.begin(1);
    t.make.end();
    if (flags == std::string("00")) {
      CHECK(t.spans.empty());
      continue;
    }
    REQUIRE(t.spans.size() == 1);
    CHECK(to_hex(t.spans[0].trace) == "0af7651916cd43dd8448eb211c80319c");
    CHECK(to_hex(t.spans[0].parent) == "b7ad6b7169203331");
    CHECK(t.spans[0].state == "vendor=x");
  }
}

TEST_CASE("what an interrupted run has begun is written at its end") {
  traced t;
  t.make.begin(1, "plan");
  t.make.submit("a");
  t.make.submit("b");
  t.make.start("a");
  t.make.stop("a");
  t.make.end("INTERRUPTED");
  REQUIRE(t.spans.size() == 3);
  CHECK(text(t.spans[1], "corchestra.task.id") == "a");
  CHECK(text(t.spans[1], "corchestra.task.state") == "unfinished");
  CHECK(text(t["invoke_workflow plan"], "corchestra.run.state") == "interrupted");
}

TEST_CASE("bills without an end of their own are calls of their own") {
  traced t;
  t.make.begin(1);
  t.make.submit("a");
  t.make.start("a");
  const token_usage usage{1, 2, 0, 0, 1};
  for (int i = 0; i < 2; ++i) {
    event e;
    e.type = event_type::model_call;
    e.run_id = "run-1";
    e.task = 0;
    e.usage = &usage;
    t.fold(e);
  }
  REQUIRE(t.spans.size() == 2);
  CHECK(t.spans[0].name == "chat");
  CHECK(t.spans[0].id != t.spans[1].id);
  CHECK(whole(t.spans[0], "gen_ai.usage.output_tokens") == 2);
}

TEST_CASE("the analysis before a run is a span of it") {
  traced t;
  event e;
  e.run_id = "run-1";
  e.at = time_point(1s);
  e.type = event_type::analysis_started;
  e.data = {{"model", "m"}};
  t.fold(e);
  e.at = time_point(2s);
  e.type = event_type::analysis_ended;
  e.data = {{"source", "model"}};
  t.fold(e);
  t.make.now = time_point(3s);
  t.make.begin(1, "plan");
  t.make.end();
  const span& analysis = t["analyze_dependencies"];
  CHECK(analysis.parent == t["invoke_workflow plan"].id);
  CHECK(analysis.end - analysis.begin == second);
  CHECK(t["invoke_workflow plan"].begin == analysis.begin);
}

TEST_CASE("a tool's call is a span of its attempt, failed when the tool was of no use") {
  traced t;
  t.make.begin(1);
  t.make.submit("a");
  t.make.start("a");
  t.make.now = time_point(3s);
  for (const char* outcome : {"ok", "timeout"}) {
    event e;
    e.type = event_type::tool_ended;
    e.at = t.make.now;
    e.run_id = "run-1";
    e.task = 0;
    e.data = {{"tool", "search"}, {"call", "c1"}, {"outcome", outcome}, {"elapsed_ms", 2000}, {"message", "private"}};
    t.fold(e);
  }
  REQUIRE(t.spans.size() == 2);
  CHECK(t.spans[0].name == "execute_tool search");
  CHECK(t.spans[0].parent == run_trace("run-1", {}).attempt(0, 1));
  CHECK(t.spans[0].end - t.spans[0].begin == 2 * second);
  CHECK(text(t.spans[0], "gen_ai.tool.call.id") == "c1");
  CHECK_FALSE(t.spans[0].failed);
  CHECK(text(t.spans[1], "error.type") == "timeout");
  CHECK(t.spans[1].message.empty());
  CHECK(t.spans[0].id != t.spans[1].id);
}
