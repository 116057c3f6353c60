#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/llm/openai_client.hpp>
#include <corchestra/llm/structured_output.hpp>
#include <corchestra/llm/tool_loop.hpp>

#include "llm/dialect_server.hpp"
#include "llm/replies.hpp"
#include "net/client_fixture.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

/// The real clients against a server of the dialect; retries come without delay.
struct conversation {
  asio::io_context context;
  dialect_server server;
  openai_options options;
  std::shared_ptr<output_capabilities> capabilities = std::make_shared<output_capabilities>();
  std::string seen, thought;
  std::vector<std::string> asked;  // rungs that were left
  std::shared_ptr<chat_model> client_;

  explicit conversation(dialect d) : server(context.get_executor(), std::move(d)) {
    options.base_url = server.base_url();
    options.api_key = secret("sk-right");
    options.key_header = server.of().key_header;
    options.model = "m";
    options.retry.first_delay = duration::zero();
  }
  const std::shared_ptr<chat_model>& client() {
    if (!client_) client_ = make_openai_client(client_of(context), options).value();
    return client_;
  }
  awaitable<result<chat_response>> streamed(chat_request r) {
    return client()->stream(std::move(r), [this](const chat_delta& d) {
      seen += d.text;
      thought += d.reasoning;
    });
  }
  result<chat_response> call(bool stream, chat_request r) {
    seen.clear(), thought.clear();
    return run(context, stream ? streamed(std::move(r)) : client()->complete(std::move(r)), 30s);
  }
  result<chat_response> call(bool stream, std::string text = "Hello") { return call(stream, ask(std::move(text))); }
  std::string failure(chat_request r) {
    const auto reply = call(false, std::move(r));
    if (reply) return "an answer: " + reply->message.content;
    for (const char* key : {"sk-right", "sk-wrong"}) CHECK(reply.error().message.find(key) == std::string::npos);
    return code_name(reply.error());
  }
  std::string failure(std::string text) { return failure(ask(std::move(text))); }

  result<structured_answer> stars(std::string model) {
    const json schema = json::parse(
        R"({"type":"object","properties":{"stars":{"type":"integer"}},"required":["stars"],"additionalProperties":false})");
    structured_output_options o;
    o.endpoint = options.base_url;
    o.capabilities = capabilities;
    chat_request r = ask("Rate it");
    r.model = std::move(model);
    return run(context, ask_structured(client(), std::move(r), json_schema::compile(schema).value(), o), 30s);
  }
};

void each(void (*check)(conversation&)) {
  for (dialect& d : all_dialects()) {
    const std::string name = d.name;
    DYNAMIC_SECTION(name) {
      conversation c(std::move(d));
      check(c);
    }
  }
}

tool tool_named(std::string name, int by) {
  tool t;
  t.name = std::move(name);
  t.description = "A tool";
  t.parameters = json::parse(R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]})");
  t.call = [by](json a) -> awaitable<result<json>> { co_return json(by * a["n"].get<int>()); };
  return t;
}

}  // namespace

TEST_CASE("dialects: a plain reply, and one that is streamed, are the same answer with the same usage") {
  each([](conversation& c) {
    for (const bool stream : {false, true}) {
      CAPTURE(stream);
      const auto r = c.call(stream);
      REQUIRE(r);
      CHECK(r->message.content == "Hello there.");
      if (stream) CHECK(c.seen == r->message.content);
      CHECK(r->finish == finish_reason::stop);
      CHECK(r->model == c.server.of().model);
      CHECK(r->usage.prompt_tokens == 7);
      CHECK(r->usage.completion_tokens == 3);
      CHECK(r->usage.cached_tokens == 2);
      CHECK(r->http_attempts == 1);
    }
    settle(c.context);
    CHECK(c.server.open() == (c.server.of().closes ? 0u : 1u));
  });
}

TEST_CASE("dialects: the bound of an answer is called as the server wants it, and that is remembered") {
  each([](conversation& c) {
    chat_request r = ask();
    r.max_tokens = 50;
    const std::string wanted = c.server.of().limit_name.empty() ? "max_tokens" : c.server.of().limit_name;
    const std::size_t first = wanted == "max_tokens" ? 1 : 2;
    for (const bool stream : {false, true}) REQUIRE(c.call(stream, r));
    CHECK(c.server.requests().size() == first + 1);
    for (std::size_t i = first - 1; i < c.server.requests().size(); ++i) CHECK(c.server.requests()[i][wanted] == 50);
  });
}

TEST_CASE("dialects: JSON is asked for in the firmest way that the server takes") {
  each([](conversation& c) {
    const auto a = c.stars("m");
    REQUIRE(a);
    CHECK(a->value["stars"] == 4);
    CHECK(a->rung == output_rung::strict_schema);
    CHECK(c.server.requests().size() == 1);
    CHECK(c.capabilities->size() == 0);
  });
}

TEST_CASE("dialects: a model with less support is asked in another way, which is remembered") {
  struct row {
    output_rung rung;
    std::size_t requests, again;
    bool corrected = false;
  };
  const std::map<std::string, row> rows = {
      {"OpenAI", {output_rung::tool_call, 3, 1}},
      {"vLLM", {output_rung::json_object, 4, 1}},
      {"llama.cpp", {output_rung::prompt, 5, 1}},
      {"Ollama", {output_rung::strict_schema, 2, 2, true}},  // it does not say that it did not see the format
      {"LM Studio", {output_rung::strict_schema, 2, 2, true}},
      {"Azure", {output_rung::tool_call, 3, 1}},
  };
  for (dialect& d : all_dialects()) {
    const std::string name = d.name;
    DYNAMIC_SECTION(name) {
      const row& want = rows.at(name);
      conversation c(std::move(d));
      for (const std::size_t requests : {want.requests, want.requests + want.again}) {
        const auto a = c.stars("old");
        REQUIRE(a);
        CHECK(a->value["stars"] == 4);
        CHECK(to_string(a->rung) == to_string(want.rung));
        CHECK(a->corrected == want.corrected);
        CHECK(c.server.requests().size() == requests);
      }
    }
  }
}

TEST_CASE("dialects: LM Studio has no json_object, and the prompt is what is left") {
  conversation c(lm_studio_dialect());
  c.capabilities->learn(c.options.base_url, "m", output_rung::json_object,
                        time_service::of(c.context.get_executor()).now());
  for (const std::size_t requests : {2u, 3u}) {
    const auto a = c.stars("m");
    REQUIRE(a);
    CHECK(a->rung == output_rung::prompt);
    CHECK(c.server.requests().size() == requests);
  }
}

TEST_CASE("dialects: calls of tools at once are run, and answered under their ids") {
  each([](conversation& c) {
    for (const bool stream : {false, true}) {
      CAPTURE(stream);
      const auto tools = tool_set::make({tool_named("double", 2), tool_named("triple", 3)}).value();
      const auto a = run(c.context, run_tool_loop(tools, ask("How much?"), [&](chat_request r) {
                           return stream ? c.streamed(std::move(r)) : c.client()->complete(std::move(r));
                         }));
      REQUIRE(a);
      CHECK(a->steps == 2);
      const auto id = [&](const char* n) {
        std::string text = c.server.of().call_id;
        return text.replace(text.find('%'), 1, n);
      };
      CHECK(a->reply.message.content == concat("They gave ", id("1"), "=2 ", id("2"), "=6"));
      CHECK(c.server.requests().back()["messages"][1]["tool_calls"].size() == 2);
    }
  });
}

TEST_CASE("dialects: reasoning is kept apart from the answer") {
  each([](conversation& c) {
    for (const bool stream : {false, true}) {
      CAPTURE(stream);
      const auto r = c.call(stream, "Think");
      REQUIRE(r);
      CHECK(r->message.content == "Hello there.");
      CHECK(r->reasoning == (c.server.of().reasoning.empty() ? "" : "They greet me."));
      if (stream) CHECK(c.thought == r->reasoning);
    }
  });
}

TEST_CASE("dialects: every refusal is an error of its kind, asked for once") {
  each([](conversation& c) {
    const auto& d = c.server.of();
    const auto class_of = [&](trouble t, std::string code) {
      return d.refuse(t) ? code : std::string("an answer: Hello there.");
    };
    chat_request unknown = ask(), odd = ask();
    unknown.model = "nope";
    odd.extra = {{"logit_bias", {{"50256", -100}}}};
    CHECK(c.failure(unknown) == class_of(trouble::unknown_model, d.name == "llama.cpp" ? "bad_request" : "not_found"));
    CHECK(c.failure(odd) == class_of(trouble::bad_parameter, "bad_request"));
    CHECK(c.failure("too long") == class_of(trouble::too_long, "bad_request"));
    CHECK(c.failure("quota") == class_of(trouble::quota, "quota_exhausted"));
    CHECK(c.failure("a filtered prompt") == class_of(trouble::filtered, "content_filtered"));
    CHECK(c.server.requests().size() == 5);
    c.client_.reset();
    c.options.api_key = secret("sk-wrong");
    CHECK(c.failure("Hello") == (d.checks_key ? "authentication_failed" : "an answer: Hello there."));
    CHECK(c.server.requests().size() == 6);
  });
}

TEST_CASE("dialects: a server that is busy is asked again") {
  each([](conversation& c) {
    for (const bool stream : {false, true}) {
      CAPTURE(stream);
      const auto r = c.call(stream, "Busy");
      REQUIRE(r);
      const bool first = !stream && c.server.of().refuse(trouble::overloaded);
      CHECK(r->http_attempts == (first ? 2 : 1));
    }
  });
}

TEST_CASE("dialects: an error inside a stream is the call's, with what came before") {
  each([](conversation& c) {
    const auto r = c.call(true, "Break");
    REQUIRE_FALSE(r);
    CHECK(r.error().is(errc::server_error));
    CHECK(r.error().message.find("out of memory") != std::string::npos);
    CHECK(r.error().message.ends_with("; it had come to 1 bytes of text, ending in 'H'"));
    CHECK(c.seen == "H");
    CHECK(c.server.requests().size() == 1);
  });
}

TEST_CASE("dialects: a stream that is cancelled is ended at the server") {
  each([](conversation& c) {
    scope calls(c.context.get_executor());
    calls.spawn([&]() -> awaitable<void> { co_await c.streamed(ask("On and on")); });
    while (c.seen.size() < 50) REQUIRE(c.context.run_one_for(30s) > 0);
    CHECK(c.server.gone == 0);
    calls.cancel();
    while (c.server.gone == 0 || c.server.open() > 0) REQUIRE(c.context.run_one_for(30s) > 0);
    CHECK(c.server.gone == 1);
    run(c.context, calls.join());
  });
}
