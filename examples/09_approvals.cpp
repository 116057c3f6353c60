// Questions to a person: before a task starts (its approval rule), and in the middle of one (task_context::ask). A task that
// waits holds no slot. Here a callback plays the person; a server would keep the question and answer it by run::answer.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/runtime/orchestrator.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

awaitable<result<task_output>> write_text(task_context context) {
  co_await sleep_for(10ms);
  const result<approval_answer> at_length = co_await context.ask({"Should it be long?", 1h, false});
  if (!at_length) co_return at_length.error();
  co_return task_output(*at_length ? "a long text" : "a short text");
}

awaitable<void> conduct(orchestrator orchestra) {
  task_plan plan;
  plan.options.limits.max_concurrent_tasks = 1;
  plan.tasks = {create_task_call("draft", "writer", "write", "Write it"),
                create_task_call("publish", "publisher", "publish", "Publish it"),
                create_task_call("advertise", "publisher", "publish", "Advertise it")};
  plan.tasks[1].depends_on = {"draft"};
  plan.tasks[1].rules.get_or_emplace().approval = approval_rule{"Publish the draft?", 24h, false};
  plan.tasks[2].depends_on = {"draft"};
  plan.tasks[2].rules.get_or_emplace().approval = approval_rule{"Advertise it?", 20ms, false};

  std::optional<run> handle;
  run_callbacks callbacks;
  callbacks.on_event = [&handle](const event& e) {
    if (e.type != event_type::approval_requested) return;
    std::cout << e.task_id << " asks: " << e.data["message"].get<std::string>() << "\n";
    if (e.task_id != "advertise") handle->request_answer(std::string(e.task_id), true);  // that one nobody answers
  };
  handle = orchestra.start(plan, callbacks).value();
  const run_result end = co_await handle->wait();
  for (const auto& t : end.results)
    std::cout << t.id << " " << to_string(t.state) << ": " << (t.success() ? to_text(t.output.value) : t.reason) << "\n";
}

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("writer", write_text);
  orchestra.agents().add("publisher", [](task_context) -> awaitable<result<task_output>> {
    co_return task_output("published");
  });
  asio::co_spawn(io, conduct(orchestra), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  io.run();
}
