#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/sleep.hpp>

#include "llm_run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::llm_run;
using tests::plan;

namespace {

const json rating = {{"type", "object"},
                     {"properties", {{"stars", {{"type", "integer"}}}, {"confidence", {{"type", "number"}}}}},
                     {"required", json::array({"stars"})}};

llm::chat_response cut(std::string text) {
  llm::chat_response r;
  r.message.content = std::move(text);
  r.finish = llm::finish_reason::length;
  r.usage.completion_tokens = 5;
  r.usage.calls = 1;
  return r;
}

}  // namespace

TEST_CASE("without a template the prompt is the description and the context as text") {
  llm_run r;
  r.options.system = "You are careful.";
  r.options.temperature = 0.2;
  r.options.max_tokens = 800;
  r.options.model = "big";
  r.model->say("Done.");
  auto t = llm_run::task("a", "Summarise the figures");
  t.context = {{"reader", "engineers"}, {"figures", {1, 2}}, {"notes", "one\ntwo"}};
  const auto result = r.run_one(t);
  CHECK(result.output.value == "Done.");
  const auto& request = r.model->requests().at(0);
  CHECK(request.model == "big");
  CHECK(request.temperature == 0.2);
  CHECK(request.max_tokens == 800);
  CHECK_FALSE(request.output);
  REQUIRE(request.messages.size() == 2);
  CHECK(request.messages[0].role == llm::role::system);
  CHECK(request.messages[0].content == "You are careful.");
  CHECK(request.messages[1].role == llm::role::user);
  CHECK(request.messages[1].content == "Summarise the figures\n\nfigures: [1,2]\nnotes:\none\ntwo\nreader: engineers");
}

TEST_CASE("a task's prompt wins over the agent's template, and references are filled in") {
  llm_run r;
  r.options.inputs = {{"topic", "solar"}};
  r.options.prompt = "About ${inputs.topic} for ${context.reader}";
  r.model->say("first answer").say("second");
  auto a = llm_run::task("a", "ignored");
  a.context = {{"reader", "you"}};
  auto b = llm_run::task("b", "ignored");
  b.prompt = "From ${tasks.a.output}, literally $${x}, with ${context.copy#/0}";
  b.context = {{"copy", json::array({"${tasks.a.output}"})}};
  b.depends_on = {"a"};
  CHECK(r.run({a, b}).success());
  CHECK(r.prompt(0) == "About solar for you");
  CHECK(r.prompt(1) == "From first answer, literally ${x}, with first answer");
}

TEST_CASE("an unresolved reference fails its task, naming both") {
  llm_run r;
  auto t = llm_run::task("a", "x");
  t.prompt = "About ${inputs.topic}";
  const auto result = r.run_one(t);
  CHECK(result.state == task_state::failed);
  REQUIRE(result.error);
  CHECK(result.error->is(errc::unresolved_reference));
  CHECK(result.error->message.starts_with("task 'a': "));
  CHECK(result.error->message.find("${inputs.topic}") != std::string::npos);
  CHECK(r.model->requests().empty());
}

TEST_CASE("a task's options win over the agent's, but not over a forced model") {
  const auto model_asked = [](bool forced) {
    llm_run r;
    r.options.model = "big";
    r.options.model_forced = forced;
    r.options.temperature = 0.2;
    r.model->say("x");
    auto t = llm_run::task("a", "x");
    t.options = {{"model", "small"}, {"temperature", 1}, {"max_tokens", 7}};
    r.run_one(t);
    CHECK(r.model->requests().at(0).temperature == 1.0);
    CHECK(r.model->requests().at(0).max_tokens == 7);
    return r.model->requests().at(0).model;
  };
  CHECK(model_asked(false) == "small");
  CHECK(model_asked(true) == "big");
}

TEST_CASE("unusable task options fail the task with their place") {
  const std::pair<json, std::string> table[] = {
      {json(7), "task 'a': options: expected an object"},
      {{{"model", 7}}, "task 'a': options.model: expected text"},
      {{{"temperature", "hot"}}, "task 'a': options.temperature: expected a number"},
      {{{"max_tokens", 0}}, "task 'a': options.max_tokens: expected a positive integer"},
      {{{"max_tokens", 1.5}}, "task 'a': options.max_tokens: expected a positive integer"},
  };
  for (const auto& [options, message] : table) {
    llm_run r;
    auto t = llm_run::task("a", "x");
    t.options = options;
    const auto result = r.run_one(t);
    REQUIRE(result.error);
    CHECK(result.error->is(errc::invalid_argument));
    CHECK(result.error->message == message);
    CHECK(r.model->requests().empty());
  }
}

TEST_CASE("an answer with a schema becomes its JSON, with confidence and evidence") {
  llm_run r;
  r.options.output_schema = rating;
  r.model->say(
      "<think>hm</think>Sure:\n```json\n{\"stars\": 4, \"confidence\": 0.75, \"evidence\": [\"a\", \"b\"]}\n```");
  const auto result = r.run_one(llm_run::task("a", "Rate it"));
  CHECK(result.output.value["stars"] == 4);
  CHECK(result.output.confidence == 0.75);
  CHECK(result.output.evidence == std::vector<std::string>{"a", "b"});
  const auto& request = r.model->requests().at(0);
  REQUIRE(request.output);
  CHECK(request.output->schema == rating);
  CHECK_FALSE(request.output->strict);
  CHECK(
      r.prompt() ==
      "Rate it\n\nAnswer with one JSON value only, without any other text, that matches this JSON Schema:\n```json\n" +
          dump_json(rating) + "\n```");
}

TEST_CASE("an endpoint without json_schema is asked in another way, with a warning, and not asked again") {
  llm_run r;
  r.options.output_schema = rating;
  r.model->fail_with(fail(errc::bad_request, "HTTP 400: 'response_format' of type 'json_schema' is not supported"));
  r.model->say(R"({"stars": 4})").say(R"({"stars": 5})");
  CHECK(r.run({llm_run::task("a", "x")}).success());
  REQUIRE(r.of(event_type::warning).size() == 1);
  CHECK(r.of(event_type::warning)[0].data["message"] ==
        "the endpoint does not take the output format schema: HTTP 400: 'response_format' of type 'json_schema' is not "
        "supported");
  CHECK(r.model->requests().at(1).tool_choice["function"]["name"] == "output");
}

TEST_CASE("an answer that breaks its schema is asked for once more, and both calls are paid for [L16]") {
  llm_run r;
  r.options.output_schema = rating;
  r.model->say("{\"stars\": \"many\"}", 2s).say("{\"stars\": 5}", 3s);
  const auto result = r.run_one(llm_run::task("a", "Rate it"));
  CHECK(result.output.value == json{{"stars", 5}});
  CHECK(result.usage.calls == 2);
  CHECK(result.attempts == 1);
  const auto& again = r.model->requests().at(1).messages;
  REQUIRE(again.size() == 3);
  CHECK(again[1].role == llm::role::assistant);
  CHECK(again[1].content == "{\"stars\": \"many\"}");
  CHECK(again[2].content.starts_with("Your answer cannot be used: the answer does not match its schema: "));
  CHECK(again[2].content.find("expected integer, found \"many\"") != std::string::npos);
  REQUIRE(r.of(event_type::warning).size() == 1);

  const auto calls = r.of(event_type::model_call);
  REQUIRE(calls.size() == 2);
  CHECK(calls[0].data["model"] == "scripted");
  CHECK(calls[0].data["http_attempts"] == 1);
  CHECK(calls[0].data["finish"] == "stop");
  CHECK(calls[0].data["elapsed_ms"] == 2000);
  CHECK(calls[1].data["elapsed_ms"] == 3000);
}

namespace {

/// Its answer breaks every schema, and comes only when the task has been cancelled.
struct late_model : llm::chat_model {
  std::optional<corchestra::run> asked_by;
  int asked = 0;
  awaitable<result<llm::chat_response>> complete(llm::chat_request) override {
    ++asked;
    asked_by->request_cancel("seen enough");
    co_await asio::this_coro::throw_if_cancelled(false);
    for (;;) {
      const auto state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) break;
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
    co_await asio::this_coro::throw_if_cancelled(true);
    llm::chat_response bad;
    bad.message.content = "{\"stars\": \"many\"}";
    bad.finish = llm::finish_reason::stop;
    co_return bad;
  }
  awaitable<result<llm::chat_response>> stream(llm::chat_request request,
                                               std::function<void(const llm::chat_delta&)>) override {
    return complete(std::move(request));
  }
  std::string default_model() const override { return "late"; }
};

}  // namespace

TEST_CASE("[I5] cancelled between a bad answer and the next question, the model is not asked again") {
  tests::virtual_orchestra v;
  const auto model = std::make_shared<late_model>();
  v.o.agents().add("writer", make_llm_agent(model, {.output_schema = rating}).value());
  model->asked_by = v.o.start(plan({llm_run::task("a", "Rate it")})).value();
  const auto end = v.time.run(model->asked_by->wait());
  model->asked_by.reset();
  CHECK(end.find("a")->state == task_state::cancelled);
  CHECK(end.find("a")->reason == "user: seen enough");
  CHECK(model->asked == 1);
}

TEST_CASE("an answer that is wrong twice fails the task") {
  llm_run r;
  r.options.output_schema = rating;
  r.model->say("no").say("never");
  const auto result = r.run_one(llm_run::task("a", "x"));
  CHECK(result.state == task_state::failed);
  REQUIRE(result.error);
  CHECK(result.error->is(errc::schema_mismatch));
  CHECK(result.error->message == "after one correction: the answer holds no JSON: 'never'");
  CHECK(result.usage.calls == 2);
}

TEST_CASE("a cut answer is terminal with a schema and a warned text without [L12]") {
  llm_run with;
  with.options.output_schema = rating;
  with.options.max_tokens = 5;
  with.model->answer_with([](const llm::chat_request&) { return result<llm::chat_response>(cut("{\"stars\": ")); });
  const auto failed = with.run_one(llm_run::task("a", "x"));
  REQUIRE(failed.error);
  CHECK(failed.error->is(errc::truncated));
  CHECK(failed.error->retry == retry_class::terminal);
  CHECK(failed.error->message == "the answer was cut before its JSON was complete: raise max_tokens (5)");
  CHECK(with.model->requests().size() == 1);
  CHECK(failed.usage.completion_tokens == 5);

  llm_run without;
  without.model->answer_with([](const llm::chat_request&) { return result<llm::chat_response>(cut("Once upon")); });
  const auto text = without.run_one(llm_run::task("a", "x"));
  CHECK(text.output.value == "Once upon");
  REQUIRE(without.of(event_type::warning).size() == 1);
}

TEST_CASE("the model's own errors are the task's") {
  llm_run r;
  r.model->fail_with(fail(errc::quota_exhausted, "no money left", retry_class::terminal));
  const auto result = r.run_one(llm_run::task("a", "x"));
  REQUIRE(result.error);
  CHECK(result.error->is(errc::quota_exhausted));
  CHECK(result.error->message == "no money left");
}

TEST_CASE("the factory refuses what cannot work") {
  const auto model = std::make_shared<testing::scripted_model>();
  llm_agent_options schema;
  schema.output_schema = {{"type", "yaml"}};
  const auto bad = make_llm_agent(model, schema);
  REQUIRE(bad.has_error());
  CHECK(bad.error().message.starts_with("output_schema: "));
  llm_agent_options reference;
  reference.prompt = "${nothing";
  const auto unclosed = make_llm_agent(model, reference);
  REQUIRE(unclosed.has_error());
  CHECK(unclosed.error().is(errc::unresolved_reference));
  CHECK(unclosed.error().message.starts_with("prompt: "));
  CHECK(make_llm_agent(nullptr, {}).error().message == "an LLM agent needs a chat model");
}

TEST_CASE("a task's own output schema is asked of the model in place of the agent's") {
  llm_run r;
  r.options.output_schema = json{{"type", "array"}};
  r.model->say(R"({"stars": 4})");
  auto t = llm_run::task("a", "Rate it");
  t.rules.get_or_emplace().output_schema = rating;
  CHECK(r.run_one(t).output.value["stars"] == 4);
  REQUIRE(r.model->requests().at(0).output);
  CHECK(r.model->requests().at(0).output->schema == rating);
  CHECK(r.prompt().find("matches this JSON Schema") != std::string::npos);
}

TEST_CASE("a loop's prompt sees the last output and the iteration") {
  llm_run r;
  r.model->say("one").say("done");
  auto t = llm_run::task("a", "");
  t.prompt = "Round ${iteration}, so far: '${previous}'";
  t.rules.get_or_emplace().repeat = loop_rule{"", "done", 5};
  CHECK(r.run_one(t).output.value == "done");
  CHECK(r.prompt(0) == "Round 1, so far: ''");
  CHECK(r.prompt(1) == "Round 2, so far: 'one'");
}
