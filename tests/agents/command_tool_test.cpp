#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

#include <corchestra/agents/command_tool.hpp>
#include <corchestra/async/scope.hpp>

#include "support/run.hpp"
#include "support/show.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

command_tool_options shell_tool(std::string script) {
  command_tool_options o;
  o.name = "t";
  o.description = "d";
  o.command.argv = {"sh", "-c", std::move(script), "sh"};
  return o;
}

result<json> call(const command_tool_options& o, json arguments = json::object()) {
  boost::asio::io_context context;
  const llm::tool t = make_command_tool(o).value();
  return tests::run(context, t.call(std::move(arguments)));
}

}  // namespace

TEST_CASE("a command tool gets its arguments as a line of JSON, and its stdout is the answer as text") {
  CHECK(call(shell_tool("cat"), {{"n", 4}}).value() == "{\"n\":4}");
  CHECK(call(shell_tool("echo '{\"a\": 1}'")).value() == "{\"a\": 1}");
  CHECK(call(shell_tool("printf 'a\\377b'")).value() ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(call(shell_tool("true")).value() == "");
}

TEST_CASE("a command tool that fails tells the end of its stderr") {
  const auto r = call(shell_tool("echo no such row >&2; exit 3"));
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::command_failed));
  CHECK(r.error().message == "'sh' ended with exit code 3: no such row");
  auto big = shell_tool("head -c 100 /dev/zero");
  big.command.max_output_bytes = 10;
  CHECK(call(big).error().is(errc::too_large));
}

TEST_CASE("a command tool has a command agent's environment, folder, limits and inputs") {
  ::setenv("OPENAI_API_KEY", "sk-secret", 1);
  const tests::temp_dir folder;
  auto o = shell_tool("echo \"$OPENAI_API_KEY|$MORE|$(pwd)|$(ulimit -n)|$1\"");
  o.command.argv.push_back("${inputs.topic}");
  o.command.inputs = {{"topic", "solar power"}};
  o.command.env = {{"MORE", "x"}};
  o.command.cwd = folder.path();
  o.command.limits.open_files = 32;
  CHECK(call(o).value() == "|x|" + folder.path().string() + "|32|solar power");
  ::unsetenv("OPENAI_API_KEY");
}

TEST_CASE("cancelling a command tool ends its program") {
  boost::asio::io_context context;
  const llm::tool t = make_command_tool(shell_tool("sleep 3600")).value();
  std::exception_ptr thrown;
  auto cancelled = [&]() -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    scope children(executor);
    children.spawn([&]() -> awaitable<void> {
      try {
        const auto ignored = co_await t.call(json::object());
      } catch (const boost::system::system_error&) {
        thrown = std::current_exception();
      }
    });
    co_await asio::post(executor, asio::use_awaitable);
    co_await asio::post(executor, asio::use_awaitable);
    children.cancel();
    co_await children.join();  // the hour would be waited for otherwise
  };
  tests::run(context, cancelled());
  CHECK(thrown);
}

TEST_CASE("command tools that cannot work are refused") {
  command_tool_options none;
  none.name = "t";
  CHECK(make_command_tool(none).error().message == "a command tool needs argv: the program and its arguments");
  auto task = shell_tool("true");
  task.command.argv.push_back("${tasks.a.output}");
  CHECK(make_command_tool(task).error().message == "argv: ${tasks.a.output}: a tool can only refer to inputs");
  auto missing = shell_tool("true");
  missing.command.argv.push_back("${inputs.x}");
  CHECK(make_command_tool(missing).error().is(errc::unresolved_reference));
}
