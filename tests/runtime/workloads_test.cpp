// The predecessors' workloads, row by row: docs/design/workloads.md explains where each comes from.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using Catch::Approx;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

namespace {

std::string number(int i) { return "t" + std::to_string(i); }

std::vector<task_call> c41_tasks() {
  return {task("Root"),
          task("Child1", {"Root"}),
          task("Child2", {"Root"}),
          task("Grandchild1", {"Child1"}),
          task("Grandchild2", {"Child1"}),
          task("Grandchild3", {"Child2"})};
}

resource_request exclusive(std::string id) { return {std::move(id), lock_mode::exclusive}; }

}  // namespace

TEST_CASE("[B17] three ingestion agents take as long as the longest") {
  virtual_orchestra v;
  v.agent->takes("kb", 9230ms).takes("api", 10140ms).takes("blog", 8910ms);
  const auto r = v.run(plan({task("kb"), task("api"), task("blog")}, 5));
  CHECK(r.state == run_state::completed);
  CHECK(to_seconds(r.metrics.wall) == Approx(10.14));
  CHECK(to_seconds(r.metrics.sequential) == Approx(28.28));
  CHECK(r.metrics.speedup() == Approx(2.79).margin(0.005));
  CHECK(r.metrics.bound_speedup() == Approx(2.79).margin(0.005));
  CHECK(r.metrics.efficiency_of_width() == Approx(0.93).margin(0.005));
  CHECK(r.metrics.efficiency_of_slots() == Approx(0.56).margin(0.005));
  CHECK(r.metrics.peak_width == 3);
}

TEST_CASE("[C41] equal durations run in the documented order") {
  virtual_orchestra v;
  const auto r = v.run(plan(c41_tasks(), 2));
  CHECK(v.start_of("Root") == 0);
  CHECK(v.start_of("Child1") == 1);
  CHECK(v.start_of("Child2") == 1);
  CHECK(v.start_of("Grandchild1") == 2);
  CHECK(v.start_of("Grandchild2") == 2);
  CHECK(v.start_of("Grandchild3") == 3);
  CHECK(to_seconds(r.metrics.wall) == 4);
  CHECK(r.metrics.speedup() == Approx(1.5));
  CHECK(to_seconds(r.metrics.lower_bound) == 3);
}

TEST_CASE("[X21][L1] unequal durations: a grandchild starts as soon as its own parent ends") {
  virtual_orchestra v;
  v.agent->takes("Child1", 5s);
  const auto r = v.run(plan(c41_tasks(), 2));
  CHECK(v.start_of("Grandchild3") == 2);
  CHECK(v.end_of("Grandchild3") == 3);
  CHECK(v.start_of("Grandchild1") == 6);
  CHECK(v.start_of("Grandchild2") == 6);
  CHECK(to_seconds(r.metrics.wall) == 7);
}

TEST_CASE("[E20] distinct resources run together, a shared exclusive one runs one at a time") {
  auto tasks = std::vector{task("backend"), task("frontend"), task("documentation")};
  const auto script = [](virtual_orchestra& v) { v.agent->takes("backend", 3s).takes("frontend", 2s).takes("documentation", 1s); };
  {
    virtual_orchestra v;
    script(v);
    for (auto& t : tasks) t.resources = {exclusive("file:" + t.id)};
    CHECK(to_seconds(v.run(plan(tasks, 8)).metrics.wall) == 3);
  }
  virtual_orchestra v;
  script(v);
  for (auto& t : tasks) t.resources = {exclusive("db")};
  tasks[2].priority = 20;
  const auto r = v.run(plan(tasks, 8));
  CHECK(to_seconds(r.metrics.wall) == 6);
  CHECK(v.agent->peak() == 1);
  CHECK(v.start_of("documentation") == 0);  // by priority
  CHECK(v.start_of("backend") == 1);        // then by listing
  CHECK(v.start_of("frontend") == 4);
}

TEST_CASE("[E40][X20] twenty tasks over five slots slide, they do not wait for batches") {
  std::vector<task_call> tasks;
  for (int i = 1; i <= 20; ++i) tasks.push_back(task(number(i)));
  {
    virtual_orchestra v;
    CHECK(to_seconds(v.run(plan(tasks, 5)).metrics.wall) == 4);
  }
  virtual_orchestra v;
  for (int i = 5; i <= 20; i += 5) v.agent->takes(number(i), 3s);
  CHECK(to_seconds(v.run(plan(tasks, 5)).metrics.wall) == 7);  // barriers would make it 12
}

TEST_CASE("[A57][X19] fully parallel: six tasks over three slots") {
  std::vector<task_call> tasks;
  for (int i = 1; i <= 6; ++i) tasks.push_back(task(number(i)));
  virtual_orchestra v;
  const auto r = v.run(plan(tasks, 3));
  CHECK(to_seconds(r.metrics.wall) == 2);
  CHECK(r.metrics.speedup() == Approx(3.0));
  CHECK(r.metrics.bound_speedup() == Approx(3.0));
}

TEST_CASE("[A57] mixed: ten tasks, half of them after another") {
  std::vector<task_call> tasks;
  for (int i = 1; i <= 5; ++i) tasks.push_back(task(number(i)));
  for (int i = 6; i <= 10; ++i) tasks.push_back(task(number(i), {number(i - 5)}));
  virtual_orchestra v;
  const auto r = v.run(plan(tasks, 3));
  CHECK(to_seconds(r.metrics.wall) == 4);
  CHECK(r.metrics.speedup() == Approx(2.5));
  CHECK(r.metrics.bound_speedup() == Approx(2.5));
}

TEST_CASE("[A57] sequential: a chain gains nothing and loses nothing") {
  std::vector<task_call> tasks{task("t1")};
  for (int i = 2; i <= 5; ++i) tasks.push_back(task(number(i), {number(i - 1)}));
  virtual_orchestra v;
  const auto r = v.run(plan(tasks, 3));
  CHECK(to_seconds(r.metrics.wall) == 5);
  CHECK(r.metrics.speedup() == Approx(1.0));
  CHECK(r.metrics.bound_speedup() == Approx(1.0));
}

TEST_CASE("[A57] complex: fifteen tasks in three generations over four slots") {
  std::vector<task_call> tasks;
  for (int i = 1; i <= 3; ++i) tasks.push_back(task("source" + std::to_string(i)));
  for (int i = 1; i <= 6; ++i) tasks.push_back(task("middle" + std::to_string(i), {"source" + std::to_string((i + 1) / 2)}));
  for (int i = 1; i <= 6; ++i) tasks.push_back(task("last" + std::to_string(i), {"middle" + std::to_string(i)}));
  virtual_orchestra v;
  const auto r = v.run(plan(tasks, 4));
  CHECK(to_seconds(r.metrics.wall) == 4);
  CHECK(r.metrics.speedup() == Approx(3.75));
  CHECK(r.metrics.bound_speedup() == Approx(3.75));
}
