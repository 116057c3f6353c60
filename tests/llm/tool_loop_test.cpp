#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/llm/tool_loop.hpp>
#include <corchestra/testing/scripted_model.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "llm/replies.hpp"
#include "llm/tool_runner.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace std::chrono_literals;

namespace {

const json takes_n = json::parse(R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]})");

tool make_tool(std::string name, std::function<awaitable<result<json>>(json)> call) {
  tool t;
  t.name = std::move(name);
  t.description = "A tool";
  t.parameters = takes_n;
  t.call = std::move(call);
  return t;
}

tool doubler() {
  return make_tool("double", [](json a) -> awaitable<result<json>> { co_return json(2 * a["n"].get<int>()); });
}

/// A conversation with a scripted model.
struct tool_talk {
  testing::virtual_time_context time;
  std::shared_ptr<testing::scripted_model> model = std::make_shared<testing::scripted_model>();
  std::vector<tool> tools = {doubler()};
  tool_loop_options options;
  std::vector<std::string> told;  // events

  tool_talk() {
    options.on_start = [this](const tool_call& c, int step) { told.push_back(concat("+", c.id, "@", step)); };
    options.on_end = [this](const tool_call& c, int, const tool_call_end& e) {
      told.push_back(concat("-", c.id, " ", to_string(e.outcome), " ",
                            std::chrono::duration_cast<std::chrono::milliseconds>(e.elapsed).count()));
    };
  }
  tool_talk& calls(std::vector<tool_call> list, std::string text = {}) {
    model->answer_with([list, text](const chat_request&) {
      chat_response r;
      r.message.role = role::assistant;
      r.message.content = text;
      r.message.tool_calls = list;
      r.finish = finish_reason::tool_calls;
      return result<chat_response>(r);
    });
    return *this;
  }
  result<tool_loop_answer> run() {
    return time.run(run_tool_loop(
        tool_set::make(tools).value(), tests::ask("How much?"),
        [m = model](chat_request r) { return m->complete(std::move(r)); }, options));
  }
  const chat_message& last(std::size_t request) const { return model->requests().at(request).messages.back(); }
};

}  // namespace

TEST_CASE("a model's tool calls are run and it is asked again with their results, in order") {
  tool_talk t;
  t.calls({{"a", "double", R"({"n": 4})"}, {"b", "double", R"({"n": 5})"}}, "Let me see.").model->say("18 in all");
  const auto r = t.run();
  REQUIRE(r);
  CHECK(r->reply.message.content == "18 in all");
  CHECK(r->steps == 2);
  CHECK_FALSE(r->out_of_steps);
  const auto& first = t.model->requests().at(0);
  REQUIRE(first.tools.size() == 1);
  CHECK(first.tools[0].name == "double");
  CHECK(first.tools[0].parameters == takes_n);
  const auto& again = t.model->requests().at(1).messages;
  REQUIRE(again.size() == 4);
  CHECK(again[1].content == "Let me see.");
  CHECK(again[1].tool_calls.size() == 2);
  CHECK(again[2].role == role::tool);
  CHECK(again[2].tool_call_id == "a");
  CHECK(again[2].content == "8");
  CHECK(again[3].tool_call_id == "b");
  CHECK(again[3].content == "10");
  CHECK(r->messages.size() == 4);
  CHECK(t.told == std::vector<std::string>{"+a@1", "+b@1", "-a ok 0", "-b ok 0"});
}

TEST_CASE("what is wrong with a call is told to the model and ends nothing") {
  const struct {
    tool_call call;
    std::string outcome, message;
  } table[] = {
      {{"a", "tripple", "{}"}, "unknown_tool", "Error: there is no tool 'tripple'; there are: double"},
      {{"a", "double", "{\"n\": "}, "invalid_arguments", "Error: the arguments are not JSON: "},
      {{"a", "double", "{\"n\": \"x\"}"}, "invalid_arguments", "Error: the arguments do not match the tool's schema: "},
      {{"a", "double", ""}, "invalid_arguments", "Error: the arguments do not match the tool's schema: "},
  };
  for (const auto& row : table) {
    CAPTURE(row.message);
    tool_talk t;
    t.calls({row.call}).model->say("ok");
    REQUIRE(t.run());
    CHECK(t.last(1).content.find(row.message) == 0);
    CHECK(t.told.back() == concat("-a ", row.outcome, " 0"));
  }
}

TEST_CASE("a tool that fails, throws or takes too long is told to the model") {
  const auto outcome = [](std::function<awaitable<result<json>>(json)> call) {
    tool_talk t;
    t.tools = {make_tool("double", std::move(call))};
    t.tools[0].timeout = 5s;
    t.calls({{"a", "double", R"({"n": 1})"}}).model->say("ok");
    REQUIRE(t.run());
    return concat(t.last(1).content, " | ", t.told.back());
  };
  CHECK(outcome([](json) -> awaitable<result<json>> { co_return fail(errc::not_found, "no such row"); }) ==
        "Error: no such row | -a failed 0");
  CHECK(outcome([](json) -> awaitable<result<json>> {
          throw std::runtime_error("boom");
          co_return json();
        }) == "Error: boom | -a failed 0");
  CHECK(outcome([](json) -> awaitable<result<json>> {
          co_await sleep_for(1min);
          co_return json();
        }) == "Error: the tool 'double' took longer than 5.00 s | -a timeout 5000");
}

TEST_CASE("calls of one step run at once, up to the limit") {
  const auto took = [](std::size_t most) {
    tool_talk t;
    t.options.max_parallel = most;
    t.tools = {make_tool("double", [](json) -> awaitable<result<json>> {
      co_await sleep_for(10s);
      co_return json("done");
    })};
    std::vector<tool_call> four;
    for (const char* id : {"a", "b", "c", "d"}) four.push_back({id, "double", R"({"n": 1})"});
    t.calls(four).model->say("ok");
    REQUIRE(t.run());
    return t.time.now() - time_point{};
  };
  CHECK(took(4) == 10s);
  CHECK(took(2) == 20s);
  CHECK(took(1) == 40s);
}

TEST_CASE("after the last step the text beside the calls is the answer, and without any there is an error") {
  tool_talk text;
  text.options.max_steps = 2;
  text.calls({{"a", "double", R"({"n": 1})"}}).calls({{"b", "double", R"({"n": 2})"}}, "So far: 2");
  const auto r = text.run();
  REQUIRE(r);
  CHECK(r->out_of_steps);
  CHECK(r->reply.message.content == "So far: 2");
  CHECK(r->reply.finish == finish_reason::length);
  CHECK(text.told.size() == 2);  // of the first call alone

  tool_talk none;
  none.options.max_steps = 1;
  none.calls({{"a", "double", R"({"n": 1})"}});
  const auto e = none.run();
  REQUIRE(e.has_error());
  CHECK(e.error().is(errc::limit_exceeded));
  CHECK(e.error().message == "the model still calls tools after 1 step: raise max_steps, or tell it when to stop");
}

TEST_CASE("calls of a reply that was cut are not run") {
  tool_talk t;
  t.model->answer_with([](const chat_request&) {
    chat_response r;
    r.message.tool_calls = {{"a", "double", "{\"n\": 1"}};
    r.finish = finish_reason::length;
    return result<chat_response>(r);
  });
  const auto r = t.run();
  REQUIRE(r);
  CHECK(r->reply.finish == finish_reason::length);
  CHECK(t.told.empty());
}

TEST_CASE("a long output is cut between characters, with a mark") {
  CHECK(bounded_output("short", 5) == "short");
  CHECK(bounded_output("abcdef", 4) == "abcd\n[cut: the first 4 of 6 bytes]");
  CHECK(bounded_output("ab\xC3\xA9x", 3) == "ab\n[cut: the first 2 of 5 bytes]");
  tool_talk t;
  t.tools = {make_tool("double", [](json) -> awaitable<result<json>> { co_return json(std::string(100, 'x')); })};
  t.tools[0].max_output_bytes = 10;
  t.calls({{"a", "double", R"({"n": 1})"}}).model->say("ok");
  REQUIRE(t.run());
  CHECK(t.last(1).content == "xxxxxxxxxx\n[cut: the first 10 of 100 bytes]");
}

TEST_CASE("a person is asked before a call that requires it, and a refusal is told to the model") {
  const auto content = [](std::optional<bool> answer) {
    tool_talk t;
    t.tools[0].requires_approval = true;
    if (answer) t.options.approve = [answer](tool_call) -> awaitable<result<bool>> { co_return *answer; };
    t.calls({{"a", "double", R"({"n": 1})"}}).model->say("ok");
    REQUIRE(t.run());
    return t.last(1).content;
  };
  CHECK(content(true) == "2");
  CHECK(content(false) == "Error: a person has refused this call");
  CHECK(content(std::nullopt) == "Error: this call needs a person's approval, and nobody can be asked");
}

TEST_CASE("cancelling the conversation cancels the tools in flight and waits for them") {
  tool_talk t;
  int cancelled = 0;
  t.tools = {make_tool("double", [&](json) -> awaitable<result<json>> {
    try {
      co_await sleep_for(1h);
    } catch (const boost::system::system_error&) {
      ++cancelled;
      throw;
    }
    co_return json();
  })};
  t.calls({{"a", "double", R"({"n": 1})"}, {"b", "double", R"({"n": 2})"}});
  const auto limited = [&t]() -> awaitable<result<tool_loop_answer>> {
    return timeout<tool_loop_answer>(3s, "all of it", [&t] {
      return run_tool_loop(
          tool_set::make(t.tools).value(), tests::ask(),
          [m = t.model](chat_request r) { return m->complete(std::move(r)); }, t.options);
    });
  };
  const auto r = t.time.run(limited());
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::timeout));
  CHECK(cancelled == 2);
  CHECK(t.model->requests().size() == 1);
  CHECK(t.told == std::vector<std::string>{"+a@1", "+b@1", "-a cancelled 3000", "-b cancelled 3000"});
}

TEST_CASE("tools that cannot work are refused with the reason") {
  const auto message = [](std::vector<tool> tools) { return tool_set::make(std::move(tools)).error().message; };
  CHECK(message({make_tool("two words", doubler().call)}) == "the tool's name 'two words' is not [A-Za-z0-9_-]{1,64}");
  CHECK(message({doubler(), doubler()}) == "two tools have the name 'double'");
  CHECK(message({make_tool("x", nullptr)}) == "tool 'x': there is nothing to call");
  tool t = doubler();
  t.parameters = {{"type", "array"}};
  CHECK(message({t}) == "tool 'double': parameters: expected a schema of type 'object'");
  t.parameters = {{"type", "object"}, {"properties", 7}};
  CHECK(message({t}).starts_with("tool 'double': parameters: "));
  const auto set = tool_set::make({doubler()}).value();
  CHECK(set.only({"double"})->names() == std::vector<std::string>{"double"});
  CHECK(set.only({"treble"}).error().message == "there is no tool 'treble'");
}
