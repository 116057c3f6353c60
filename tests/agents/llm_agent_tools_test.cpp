#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>

#include "llm_run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::llm_run;

namespace {

llm::tool make_tool(std::string name, std::function<awaitable<result<json>>(json)> call) {
  llm::tool t;
  t.name = std::move(name);
  t.description = "A tool";
  t.parameters = json::parse(R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]})");
  t.call = std::move(call);
  return t;
}

llm::tool doubler(std::string name = "double") {
  return make_tool(std::move(name), [](json a) -> awaitable<result<json>> {
    co_await sleep_for(2s);
    co_return json(2 * a["n"].get<int>());
  });
}

struct tool_run : llm_run {
  tool_run() { options.tools = {doubler()}; }
  tool_run& calls(std::vector<llm::tool_call> list, std::string text = {}) {
    model->answer_with(
        [list, text](const llm::chat_request&) {
          llm::chat_response r;
          r.message.role = llm::role::assistant;
          r.message.content = text;
          r.message.tool_calls = list;
          r.finish = llm::finish_reason::tool_calls;
          r.usage = {10, 5, 0, 0, 1};
          return result<llm::chat_response>(r);
        },
        1s);
    return *this;
  }
  std::vector<std::string> offered(std::size_t request) const {
    std::vector<std::string> names;
    for (const auto& t : model->requests().at(request).tools) names.push_back(t.name);
    return names;
  }
};

using names = std::vector<std::string>;
const llm::tool_call twice_four{"c1", "double", R"({"n": 4})"};

}  // namespace

TEST_CASE("an agent's model calls tools, each call is two events, and the tokens of all steps are the task's") {
  for (const bool stream : {false, true}) {
    tool_run r;
    r.options.stream = stream;
    r.calls({twice_four, {"c2", "treble", "{}"}}).model->say("It is 8.");
    const auto result = r.run_one(llm_run::task("a", "Twice four?"));
    CHECK(result.output.value == "It is 8.");
    CHECK(result.usage.calls == 2);
    CHECK(r.of(event_type::model_call).size() == 2);
    const auto began = r.of(event_type::tool_started), ended = r.of(event_type::tool_ended);
    REQUIRE(began.size() == 2);
    REQUIRE(ended.size() == 2);
    CHECK(began[0].data == json{{"tool", "double"}, {"call", "c1"}, {"step", 1}});
    CHECK(ended[0].data == json{{"tool", "treble"},
                                {"call", "c2"},
                                {"step", 1},
                                {"outcome", "unknown_tool"},
                                {"elapsed_ms", 0},
                                {"output_bytes", 0}});
    CHECK(ended[1].data == json{{"tool", "double"},
                                {"call", "c1"},
                                {"step", 1},
                                {"outcome", "ok"},
                                {"elapsed_ms", 2000},
                                {"output_bytes", 1}});
    CHECK(r.model->requests().at(1).messages.size() == 4);
  }
}

TEST_CASE("a tool's own failure is told in its event, what the model wrote is not") {
  tool_run r;
  r.options.tools = {
      make_tool("double", [](json) -> awaitable<result<json>> { co_return fail(errc::not_found, "no row"); })};
  r.calls({twice_four}).calls({{"c2", "double", R"({"n": "secret"})"}}).model->say("Sorry.");
  CHECK(r.run({llm_run::task("a", "x")}).success());
  const auto ended = r.of(event_type::tool_ended);
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].data["outcome"] == "failed");
  CHECK(ended[0].data["message"] == "no row");
  CHECK(ended[1].data["outcome"] == "invalid_arguments");
  CHECK_FALSE(ended[1].data.contains("message"));
}

TEST_CASE("which tools are offered: the agent's, a task's own, and those made for the task") {
  tool_run r;
  r.options.tools = {doubler("one"), doubler("two"), doubler("three")};
  r.options.offered_tools = names{"one"};
  r.model->say("a").say("b").say("c");
  auto own = llm_run::task("b", "x");
  own.options = {{"tools", {"two", "three"}}};
  auto none = llm_run::task("c", "x");
  none.options = {{"tools", json::array()}};
  own.depends_on = {"a"};
  none.depends_on = {"b"};
  CHECK(r.run({llm_run::task("a", "x"), own, none}).success());
  CHECK(r.offered(0) == names{"one"});
  CHECK(r.offered(1) == names{"three", "two"});
  CHECK(r.offered(2).empty());

  tool_run made;
  made.options.task_tools = [](task_context context) {
    return std::vector<llm::tool>{
        make_tool("whoami", [context](json) -> awaitable<result<json>> { co_return json(context.task().id); })};
  };
  made.calls({{"c1", "whoami", R"({"n": 1})"}}).model->say("ok");
  CHECK(made.run({llm_run::task("me", "x")}).success());
  CHECK(made.offered(0) == names{"double", "whoami"});
  CHECK(made.model->requests().at(1).messages.back().content == "me");
}

TEST_CASE("a task that names tools badly fails with its place") {
  const std::pair<json, std::string> table[] = {
      {"one", "task 'a': options.tools: expected a list of names"},
      {json::array({1}), "task 'a': options.tools: expected a list of names"},
      {json::array({"four"}), "task 'a': options.tools: there is no tool 'four'"},
  };
  for (const auto& [tools, message] : table) {
    tool_run r;
    auto t = llm_run::task("a", "x");
    t.options = {{"tools", tools}};
    const auto result = r.run_one(t);
    REQUIRE(result.error);
    CHECK(result.error->message == message);
  }
}

TEST_CASE("JSON after tools: free while tools are in reach, then in the format") {
  tool_run r;
  r.options.output_schema =
      json::parse(R"({"type":"object","properties":{"sum":{"type":"integer"}},"required":["sum"]})");
  r.calls({twice_four}).model->say("It is 8.").say(R"({"sum": 8})");
  const auto result = r.run_one(llm_run::task("a", "Twice four?"));
  CHECK(result.output.value == json{{"sum", 8}});
  REQUIRE(r.model->requests().size() == 3);
  CHECK_FALSE(r.model->requests()[0].output);
  CHECK_FALSE(r.model->requests()[1].output);
  const auto& last = r.model->requests()[2];
  CHECK(last.output);
  CHECK(last.tools.empty());
  REQUIRE(last.messages.size() == 5);  // question, calls, result, answer, correction
  CHECK(last.messages[2].content == "8");

  tool_run direct;
  direct.options.output_schema = r.options.output_schema;
  direct.calls({twice_four}).model->say(R"({"sum": 8})");
  CHECK(direct.run_one(llm_run::task("a", "x")).output.value == json{{"sum", 8}});
}

TEST_CASE("out of steps: text is an output with a warning, nothing and JSON are errors") {
  tool_run text;
  text.options.max_steps = 2;
  text.calls({twice_four}).calls({twice_four}, "So far 8");
  CHECK(text.run_one(llm_run::task("a", "x")).output.value == "So far 8");
  REQUIRE(text.of(event_type::warning).size() == 1);
  CHECK(text.of(event_type::warning)[0].data["message"] ==
        "the model still called tools in its last step (max_steps 2)");

  tool_run nothing;
  nothing.options.max_steps = 1;
  nothing.calls({twice_four});
  const auto failed = nothing.run_one(llm_run::task("a", "x"));
  REQUIRE(failed.error);
  CHECK(failed.error->is(errc::limit_exceeded));

  tool_run json_wanted;
  json_wanted.options.max_steps = 1;
  json_wanted.options.output_schema = json{{"type", "object"}};
  json_wanted.calls({twice_four}, "{");
  const auto no_json = json_wanted.run_one(llm_run::task("a", "x"));
  REQUIRE(no_json.error);
  CHECK(no_json.error->is(errc::limit_exceeded));
}

TEST_CASE("the begin and the end of a tool's call are signs of life") {
  tool_run r;
  r.calls({twice_four}).calls({twice_four}).calls({twice_four}).model->say("ok", 1s);
  auto t = llm_run::task("a", "x");
  t.limits.heartbeat_timeout = 2500ms;  // a step takes 3 s
  CHECK(r.run_one(t).success());
}

TEST_CASE("cancelling a task ends its tools") {
  tool_run r;
  bool stopped = false;
  r.options.tools = {make_tool("double", [&stopped](json) -> awaitable<result<json>> {
    try {
      co_await sleep_for(1h);
    } catch (const boost::system::system_error&) {
      stopped = true;
      throw;
    }
    co_return json();
  })};
  r.options.tools[0].timeout = 2h;
  r.calls({twice_four});
  auto t = llm_run::task("a", "x");
  t.limits.start_to_close = 30s;
  const auto result = r.run_one(t);
  CHECK(result.state == task_state::timeout);
  CHECK(stopped);
  REQUIRE(r.of(event_type::tool_ended).size() == 1);
  CHECK(r.of(event_type::tool_ended)[0].data["outcome"] == "cancelled");
}

TEST_CASE("a tool that requires approval asks through the run, with the arguments in its question") {
  for (const bool yes : {true, false}) {
    tool_run r;
    r.options.tools[0].requires_approval = true;
    r.calls({twice_four}).model->say("ok");
    r.v.o.agents().add("writer", make_llm_agent(r.model, r.options).value());
    std::optional<corchestra::run> started;
    std::string question;
    run_callbacks callbacks;
    callbacks.on_event = [&](const event& e) {
      if (e.type != event_type::approval_requested) return;
      question = e.data.value("message", "");
      started->request_answer("a", yes, "");
    };
    started = r.v.o.start(tests::plan({llm_run::task("a", "x")}), callbacks).value();
    CHECK(r.v.time.run(started->wait()).success());
    CHECK(question == "May the model call the tool 'double' with {\"n\": 4}?");
    CHECK(r.model->requests().at(1).messages.back().content == (yes ? "8" : "Error: a person has refused this call"));
  }
}

TEST_CASE("the factory refuses tools that cannot work") {
  const auto model = std::make_shared<testing::scripted_model>();
  llm_agent_options o;
  o.tools = {doubler("bad name")};
  CHECK(make_llm_agent(model, o).error().message == "the tool's name 'bad name' is not [A-Za-z0-9_-]{1,64}");
  o.tools = {doubler()};
  o.offered_tools = names{"treble"};
  CHECK(make_llm_agent(model, o).error().message == "offered_tools: there is no tool 'treble'");
  o.offered_tools.reset();
  o.max_steps = 0;
  CHECK(make_llm_agent(model, o).error().message == "max_steps: expected at least 1");
}
