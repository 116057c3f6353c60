// What an LLM agent tells of its calls: `model_call_ended`.
#include <catch2/catch_test_macros.hpp>

#include "llm_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

/// Keeps what the events point to.
struct told_run : llm_run {
  std::vector<json> ended;

  run_result run(std::vector<task_call> tasks, std::function<void(task_plan&)> change = {}) {
    v.o.agents().add("writer", make_llm_agent(model, options).value());
    run_callbacks callbacks;
    callbacks.on_event = [this](const event& e) {
      if (e.type == event_type::model_call_ended) ended.push_back(json(to_record(e, {})["data"]));
    };
    task_plan p = plan(std::move(tasks));
    if (change) change(p);
    return v.run(std::move(p), std::move(callbacks));
  }
};

result<llm::chat_response> answer(const llm::chat_request&) {
  llm::chat_response r;
  r.message.content = "done";
  r.model = "m-1";
  r.usage = {10, 5, 0, 0, 1};
  r.http_attempts = 2;
  r.hedge = llm::hedge_outcome::answered;
  r.time_to_first_token = 30ms;
  return r;
}

}  // namespace

TEST_CASE("the end of a call of a model is told with what it came to") {
  told_run r;
  r.options.model = "m";
  r.model->answer_with(answer, 2s);
  REQUIRE(r.run({llm_run::task("t", "Do")}).success());
  REQUIRE(r.ended.size() == 1);
  CHECK(r.ended[0] == json::parse(R"({"call":1,"model":"m","response_model":"m-1","finish":"stop","http_attempts":2,
    "elapsed_ms":2000,"first_token_ms":30,"hedge":"answered","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,
    "cached_tokens":0,"reasoning_tokens":0}})"));
}

TEST_CASE("a call that failed is told with its error, and with what its tries were billed") {
  told_run r;
  auto prices = std::make_shared<llm::price_table>(
      llm::price_table::parse(R"({"m": {"input_cost_per_token": 1, "output_cost_per_token": 2}})", "test").value());
  r.options.model = "m";
  r.options.prices = prices;
  r.model->answer_with(
      [](const llm::chat_request& request) -> result<llm::chat_response> {
        request.on_failed_usage({.usage = {3, 1, 0, 0, 1}, .model = "m"});
        request.on_failed_usage({.usage = {3, 0, 0, 0, 1}, .model = "m"});
        return fail(errc::refused, std::string(1000, 'x'));
      },
      1s);
  CHECK_FALSE(r.run({llm_run::task("t", "Do")}).success());
  REQUIRE(r.ended.size() == 1);
  CHECK(r.ended[0]["error"]["code"] == "refused");
  CHECK(r.ended[0]["error"]["message"].get<std::string>().size() <= 503);
  CHECK(r.ended[0]["usage"]["prompt_tokens"] == 6);
  CHECK(r.ended[0]["cost_usd"] == "8");
  CHECK_FALSE(r.ended[0].contains("finish"));
}

TEST_CASE("a call that was cancelled is told, too") {
  told_run r;
  r.options.model = "m";
  r.model->answer_with(answer, 1h);
  CHECK_FALSE(r.run({llm_run::task("t", "Do")}, [](task_plan& p) { p.options.limits.run_timeout = 10s; }).success());
  REQUIRE(r.ended.size() == 1);
  CHECK(r.ended[0]["error"]["code"] == "cancelled");
  CHECK(r.ended[0]["elapsed_ms"] == 10'000);
  CHECK_FALSE(r.ended[0].contains("cost_usd"));
}

TEST_CASE("each call of a traced attempt has a number and a span of its own") {
  told_run r;
  r.options.model = "m";
  r.options.output_schema = json{{"type", "integer"}};
  r.model->say("words").say("7");
  REQUIRE(r.run({llm_run::task("t", "Do")}, [](task_plan& p) { p.options.trace.emplace(); }).success());
  REQUIRE(r.model->requests().size() == 2);
  REQUIRE(r.ended.size() == 2);
  CHECK(r.ended[0]["call"] == 1);
  CHECK(r.ended[1]["call"] == 2);
  std::vector<std::string> parents;
  for (const auto& request : r.model->requests()) {
    REQUIRE(request.headers.size() == 1);
    CHECK(request.headers[0].first == "traceparent");
    parents.push_back(request.headers[0].second);
  }
  CHECK(parents[0] != parents[1]);
  CHECK(parents[0].substr(0, 36) == parents[1].substr(0, 36));
}

TEST_CASE("a run that is not traced sends no headers of traces") {
  told_run r;
  r.model->say("x");
  REQUIRE(r.run({llm_run::task("t", "Do")}).success());
  CHECK(r.model->requests()[0].headers.empty());
}
