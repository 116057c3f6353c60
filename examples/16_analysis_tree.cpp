// A tree of analyses that grows while it runs: when a node completes, a callback looks at what it found, decides how many
// questions follow from it, and submits them as children. Depth first, at most 20 nodes, at most 3 children each.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/runtime/orchestrator.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_nodes = 20;
constexpr int max_children_per_node = 3;

// Stands for a model that judges how much is left to find out.
awaitable<result<task_output>> analyze(task_context context) {
  co_await sleep_for(5ms);
  const int depth = context.task().context["depth"].get<int>();
  const int seed = context.task().context["seed"].get<int>();
  const double promise = 1.0 / (1 + depth + seed % 3);
  co_return task_output(json{{"promise", promise}, {"depth", depth}});
}

/// Expands a node of the tree on its completion; adaptive: what promises more gets more children.
class tree {
 public:
  void grow(run r) { run_ = std::move(r); }

  void operator()(const task_result& node) {
    --open_;
    std::vector<task_call> children;
    if (node.success()) {
      const double promise = node.output.value["promise"].get<double>();
      const int depth = node.output.value["depth"].get<int>();
      const int wanted = std::min(max_children_per_node, static_cast<int>(promise * 6));
      for (int i = 1; i <= wanted && nodes_ < max_nodes; ++i, ++nodes_) {
        children.push_back(question(concat(node.id, ".", i), depth + 1));
        children.back().depends_on = {node.id};  // its place in the tree: what depth first goes by
      }
    }
    open_ += children.size();
    if (children.empty()) {
      if (open_ == 0) run_->close();  // nothing is left that could grow
      return;
    }
    submit(std::move(children));
  }

  task_call question(std::string id, int depth) {
    return create_task_call(std::move(id), "analyst", "analysis", "Find out more",
                            {{"depth", depth}, {"seed", static_cast<int>(nodes_)}});
  }

  std::size_t nodes() const noexcept { return nodes_; }
  bool failed() const noexcept { return failed_; }
  void submit_on(any_io_executor executor) { executor_ = std::move(executor); }

 private:
  // A callback must not wait: the submission is a coroutine of its own.
  void submit(std::vector<task_call> calls) {
    asio::co_spawn(executor_, [](run r, std::vector<task_call> c) -> awaitable<bool> {
      const result<void> done = co_await r.submit(std::move(c));
      co_return done.has_value();
    }(*run_, std::move(calls)), [this](std::exception_ptr e, bool done) { failed_ = failed_ || e || !done; });
  }

  std::optional<run> run_;
  any_io_executor executor_;
  std::size_t nodes_ = 1, open_ = 1;
  bool failed_ = false;
};

}  // namespace

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("analyst", analyze);

  tree nodes;
  nodes.submit_on(io.get_executor());
  task_plan plan;
  plan.options.stay_open = true;  // the end comes by run::close
  plan.options.order = start_order::depth_first;
  plan.options.limits.max_concurrent_tasks = 3;
  plan.tasks = {nodes.question("root", 0)};

  run_callbacks callbacks;
  callbacks.on_task_ended = [&](const task_result& r) {
    std::cout << r.id << " " << to_string(r.state) << "\n";
    nodes(r);
  };
  nodes.grow(orchestra.start(plan, callbacks).value());
  io.run();
  std::cout << (nodes.failed() ? "a submission failed\n" : concat("the tree has ", nodes.nodes(), " nodes\n"));
}
