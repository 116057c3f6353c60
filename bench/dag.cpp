// A layered DAG of a million tasks with string ids and four edges each, made and run with agents that do nothing,
// beside oneTBB's flow graph making and running the same DAG on one core. Both times cover freeing everything.
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>

#include <deque>

#include <corchestra/base/text.hpp>

#include "engine_run.hpp"
#include "harness.hpp"
#include "layered_graph.hpp"

using namespace corchestra;
using graph = bench::layered_graph;

namespace {

double ours() {
  const bench::stopwatch watch;
  std::size_t done = 0;
  {
    task_plan plan;
    plan.options.limits.max_concurrent_tasks = 64;
    plan.tasks.resize(graph::size);
    for (std::size_t i = 0; i < graph::size; ++i) {
      task_call& task = plan.tasks[i];
      task.id = concat("task-", i);
      task.agent = "agent";
      if (graph::is_source(i)) continue;
      task.depends_on.reserve(4);
      for (const std::size_t need : graph::needs(i)) task.depends_on.push_back(concat("task-", need));
    }
    const auto count = [&](task_context) -> awaitable<result<task_output>> {
      ++done;
      co_return task_output{};
    };
    const run_result r = bench::run_to_the_end(std::move(plan), make_agent(count));
    bench::check_results(r, graph::size);
  }
  bench::check(done == graph::size, "the run lost a task");
  return watch.nanoseconds() / graph::size;
}

double flow_graph() {
  namespace flow = oneapi::tbb::flow;
  using node = flow::continue_node<flow::continue_msg>;
  const bench::stopwatch watch;
  std::size_t done = 0;
  {
    flow::graph g;
    std::deque<node> nodes;
    for (std::size_t i = 0; i < graph::size; ++i) {
      nodes.emplace_back(g, [&done](const flow::continue_msg&) { ++done; });
      if (graph::is_source(i)) continue;
      for (const std::size_t need : graph::needs(i)) flow::make_edge(nodes[need], nodes[i]);
    }
    for (std::size_t i = 0; i < graph::width; ++i) nodes[i].try_put(flow::continue_msg());
    g.wait_for_all();
  }
  bench::check(done == graph::size, "the flow graph lost a task");
  return watch.nanoseconds() / graph::size;
}

}  // namespace

int main(int argc, char** argv) {
  const oneapi::tbb::global_control one_core(oneapi::tbb::global_control::max_allowed_parallelism, 1);
  return bench::measure(argc, argv, {.name = "dag", .unit = "ns/task", .least = 3, .aim = 2}, ours, flow_graph);
}
