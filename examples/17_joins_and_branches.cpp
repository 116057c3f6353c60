// A task's output chooses what runs next; a join says when it may go on without all that it depends on; a loop runs a
// task until its output is good enough.
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("worker", [](task_context context) -> awaitable<result<task_output>> {
    co_await sleep_for(5ms);
    const std::string& id = context.task().id;
    if (id == "classify") co_return task_output("sport");
    if (id == "mirror-1") co_return fail(errc::task_failed, "out of order");
    if (id == "draft") {
      const int quality = context.previous() ? (*context.previous())["quality"].get<int>() + 40 : 20;
      co_return task_output(json{{"quality", quality}, {"good", quality >= 90}});
    }
    co_return task_output(id + " done");
  });

  const auto task = [](std::string id, std::vector<std::string> needs) {
    task_call t = create_task_call(std::move(id), "worker", "demo", "Do it");
    t.depends_on = std::move(needs);
    t.rules.emplace();
    return t;
  };
  task_plan plan;
  plan.tasks = {task("classify", {}), task("report", {"classify"}), task("scores", {"classify"}),
                task("mirror-1", {}), task("mirror-2", {}),         task("mirror-3", {}),
                task("draft", {"report", "scores"}), task("publish", {"draft", "mirror-1", "mirror-2", "mirror-3"})};
  plan.tasks[0].rules->branch = branch_rule{"", {{"news", {"report"}}, {"sport", {"scores"}}}, {}};
  plan.tasks[6].rules->join = join_policy::none_failed_min_one_success;  // a branch that was not taken is fine
  plan.tasks[6].rules->repeat = loop_rule{"/good", true, 5};
  plan.tasks[7].rules->join = join_policy::quorum;  // the draft and two of the mirrors, or all three without the draft
  plan.tasks[7].rules->quorum = 3;

  async_run(orchestra, plan, [](result<run_result> run) {
    for (const auto& r : run->results) {
      std::cout << r.id << " " << to_string(r.state);
      if (r.iterations > 1) std::cout << " after " << r.iterations << " iterations: " << dump_json(r.output.value);
      if (!r.reason.empty()) std::cout << " (" << r.reason << ")";
      std::cout << "\n";
    }
  });
  io.run();
}
