// A plan of 100,000 tasks and 300,000 edges from a YAML file: read, validated and put in order, beside yaml-cpp reading
// the same file into its own tree.
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <corchestra/plan/plan_document.hpp>

#include "harness.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;

namespace {

constexpr std::size_t count = 100'000, edges = 300'000;

/// A file that is removed at the end.
class plan_file {
 public:
  plan_file() {
    std::ofstream out(path());
    out << "name: bench\nagents:\n  worker: {kind: command, argv: [\"true\"]}\ntasks:\n";
    constexpr std::size_t back[] = {1000, 999, 983, 700};
    std::size_t written = 0;
    for (std::size_t i = 0; i < count; ++i) {
      out << "  - id: task-" << i << "\n    agent: worker\n    description: Work on part " << i
          << "\n    depends_on: [";
      const std::size_t wanted = i < 1000 ? 0 : i < 4000 ? 4 : 3;
      for (std::size_t k = 0; k < wanted; ++k, ++written) out << (k > 0 ? ", " : "") << "task-" << i - back[k];
      out << "]\n";
    }
    out.close();
    bench::check(out.good() && written == edges, "the generated plan has another size");
  }

  std::filesystem::path path() const { return folder_.path() / "plan.yaml"; }

 private:
  tests::temp_dir folder_;
};

}  // namespace

int main(int argc, char** argv) {
  const plan_file file;
  const auto ours = [&] {
    const bench::stopwatch watch;
    std::size_t tasks = 0, needs = 0;
    {
      const result<plan_document> plan = load_plan(file.path());
      bench::check(plan.has_value(), plan ? "" : plan.error().message);
      for (const task_call& t : plan->plan.tasks) needs += t.depends_on.size();
      tasks = plan->plan.tasks.size();
    }
    bench::check(tasks == count && needs == edges, "the plan lost tasks or edges");
    return watch.nanoseconds() / 1e6;
  };
  const auto yaml_cpp = [&] {
    const bench::stopwatch watch;
    std::size_t tasks = 0;
    {
      const YAML::Node root = YAML::LoadFile(file.path().string());
      tasks = root["tasks"].size();
    }
    bench::check(tasks == count, "yaml-cpp lost tasks");
    return watch.nanoseconds() / 1e6;
  };
  return bench::measure(argc, argv, {.name = "plan_file", .unit = "ms", .least = 1.3, .aim = 1.1}, ours, yaml_cpp);
}
