// Coroutine, thread or process: the agent decides, the plan does not change.
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>

#include <corchestra/agents/command_agent.hpp>
#include <corchestra/runtime/blocking_task.hpp>

#include "support/plans.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using tests::plan;
using tests::task;

TEST_CASE("[A17][A25][C64] a thread shares this program's memory, a process has its own and talks in JSON") {
  asio::io_context context;
  worker_threads threads(1);
  orchestrator o(context.get_executor());
  std::atomic<int> ours{0};
  o.agents().add("coroutine", [&](task_context) -> awaitable<result<task_output>> {
    ++ours;
    co_return task_output(::getpid());
  });
  o.agents().add("thread", blocking_task(threads, [&](const blocking_context&) -> result<task_output> {
                   ++ours;
                   return task_output(::getpid());
                 }));
  command_agent_options command;
  command.argv = {"sh", "-c", "cat > /dev/null; echo $$"};
  o.agents().add("process", make_command_agent(command).value());
  std::vector<task_call> calls;
  for (const auto* agent : {"coroutine", "thread", "process"}) {
    calls.push_back(task(agent));
    calls.back().agent = agent;
  }
  const auto r = tests::run(context, o.start(plan(calls)).value().wait());
  CHECK(r.success());
  CHECK(ours == 2);
  CHECK(r.find("coroutine")->output.value == ::getpid());
  CHECK(r.find("thread")->output.value == ::getpid());
  CHECK(r.find("process")->output.value.is_number());
  CHECK(r.find("process")->output.value != ::getpid());
}
