// The DAG of the row `dag`, made and run by Taskflow on one thread: no ids, no results, no asynchrony.
#include <taskflow/taskflow.hpp>
#include <vector>

#include "harness.hpp"
#include "layered_graph.hpp"

using graph = corchestra::bench::layered_graph;
namespace bench = corchestra::bench;

namespace {

double taskflow() {
  const bench::stopwatch watch(bench::stopwatch::work::on_several);
  std::size_t done = 0;
  {
    tf::Executor executor(1);
    tf::Taskflow flow;
    std::vector<tf::Task> tasks;
    tasks.reserve(graph::size);
    for (std::size_t i = 0; i < graph::size; ++i) {
      tasks.push_back(flow.emplace([&done] { ++done; }));
      if (graph::is_source(i)) continue;
      for (const std::size_t need : graph::needs(i)) tasks[need].precede(tasks[i]);
    }
    executor.run(flow).wait();
  }
  bench::check(done == graph::size, "taskflow lost a task");
  return watch.nanoseconds() / 1e3 / graph::size;
}

}  // namespace

int main(int argc, char** argv) {
  return bench::measure(argc, argv, {.name = "peer_taskflow", .unit = "us/task"}, taskflow);
}
