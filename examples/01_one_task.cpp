// One task call, carried out by an agent that is a C++ coroutine.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

awaitable<result<task_output>> greet(task_context context) {
  co_await sleep_for(100ms);  // a model, a database, another service
  co_return task_output("Hello, " + context.task().context["name"].get<std::string>());
}

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("greeter", greet);

  task_plan plan;
  plan.tasks = {create_task_call("hello", "greeter", "greeting", "Greet somebody", {{"name", "world"}})};

  async_run(orchestra, plan, [](result<run_result> run) {
    if (!run) {
      std::cerr << run.error().message << "\n";
      return;
    }
    const task_result& hello = run->results[0];
    std::cout << hello.id << " " << to_string(hello.state) << ": " << to_text(hello.output.value) << "\n";
  });
  io.run();
}
