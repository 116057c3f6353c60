// What a server does for each request, checked once: a compiled plan is run again and again, here twice at the same time, each run with
// inputs of its own.
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("search", [](task_context context) -> awaitable<result<task_output>> {
    co_return task_output("what is known of " + context.inputs()->at("topic").get<std::string>());
  });
  orchestra.agents().add("writer", [](task_context context) -> awaitable<result<task_output>> {
    co_return task_output("A report on " + to_text(context.upstream("search")->output.value));
  });

  task_plan plan;
  plan.tasks = {create_task_call("search", "search", "research", "Find out"), create_task_call("write", "writer", "writing", "Write it down")};
  plan.tasks[1].depends_on = {"search"};
  const result<compiled_plan> compiled = orchestra.compile(std::move(plan));
  if (!compiled) {
    std::cerr << compiled.error().message << "\n";
    return 1;
  }
  for (const char* topic : {"the wind", "the sun"}) {
    async_run(orchestra, compiled->with_inputs({{"topic", topic}}), [](const result<run_result>& run) {
      std::cout << to_string(run->state) << ": " << to_text(run->find("write")->output.value) << "\n";
    });
  }
  io.run();
}
