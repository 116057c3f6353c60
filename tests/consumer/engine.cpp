#include <boost/asio/io_context.hpp>
#include <iostream>
#include <string>

#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;

awaitable<result<task_output>> greet(task_context context) {
  co_return task_output("hello, " + context.task().context.at("name").get<std::string>());
}

int main() {
  boost::asio::io_context io;
  orchestrator o(io.get_executor());
  o.agents().add("greeter", greet);
  task_plan plan;
  plan.tasks.push_back(create_task_call("greet", "greeter", "demo", "Say hello", {{"name", "consumer"}}));
  int status = 1;
  async_run(o, plan, [&](result<run_result> r) {
    if (!r || !r->success()) return;
    std::cout << r->find("greet")->output.value.get<std::string>() << '\n';
    status = 0;
  });
  io.run();
  return status;
}
