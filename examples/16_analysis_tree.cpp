// A tree of analyses that grows while it runs: when a node completes, a callback looks at what it found, decides how many
// questions follow from it, and spawns them as its children. Depth first; the run's limits see to it that there are at most
// 20 nodes, and 3 children of each.
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/runtime/orchestrator.hpp>
#include <corchestra/runtime/task_context.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

constexpr int max_nodes = 20;
constexpr int max_children_per_node = 3;

// Stands for a model that judges how much is left to find out.
awaitable<result<task_output>> analyze(task_context context) {
  co_await sleep_for(5ms);
  const int depth = context.task().context["depth"].get<int>();
  const int branch = context.task().context["branch"].get<int>();
  co_return task_output(json{{"promise", 1.0 / (1 + depth + branch % 3)}, {"depth", depth}});
}

task_call question(std::string id, int depth, int branch) {
  return create_task_call(std::move(id), "analyst", "analysis", "Find out more", {{"depth", depth}, {"branch", branch}});
}

// Adaptive: what promises more gets more children. They start when the node is recorded as completed, and belong to its
// subtree: `depends_on: ["root/*"]` waits for the whole tree.
void grow(task_context& node, const task_output& found) {
  const int wanted = static_cast<int>(found.value["promise"].get<double>() * 6);
  const int depth = found.value["depth"].get<int>();
  for (int i = 0; i < wanted && node.room_for_children() > 0; ++i) {
    const result<std::string> child = node.spawn(question("", depth + 1, i));
    if (!child) node.warn(child.error().message);
  }
}

}  // namespace

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("analyst", analyze);

  task_plan plan;
  plan.options.order = start_order::depth_first;
  plan.options.limits.max_concurrent_tasks = 3;
  plan.options.limits.max_spawned_tasks = max_nodes - 1;
  plan.options.limits.max_children_per_task = max_children_per_node;
  plan.tasks = {question("root", 0, 0)};

  std::size_t nodes = 0;
  run_callbacks callbacks;
  callbacks.expand = grow;
  callbacks.on_task_ended = [&](const task_result& r) {
    ++nodes;
    std::cout << r.id << " " << to_string(r.state) << "\n";
  };
  const result<run> started = orchestra.start(std::move(plan), std::move(callbacks));
  if (!started) {
    std::cerr << started.error().message << "\n";
    return 1;
  }
  io.run();
  std::cout << "the tree has " << nodes << " nodes\n";
}
