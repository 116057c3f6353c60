#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include "analysis/analyzed.hpp"

using namespace corchestra;
using tests::answer;
using tests::scripted_analysis;

namespace {

std::string name_of(int i) { return "t" + std::to_string(i); }

// A random acyclic plan in a random listing order: a task may need tasks of a lower number.
std::vector<task_call> some_tasks() {
  const int count = *rc::gen::inRange(1, 9);
  std::vector<task_call> tasks;
  for (int i = 0; i < count; ++i) {
    task_call t = tests::open_task(name_of(i));
    t.dependencies_given = *rc::gen::arbitrary<bool>();
    for (int d = 0; d < i; ++d) {
      if (*rc::gen::inRange(0, 4) == 0) t.depends_on.push_back(name_of(d));
    }
    tasks.insert(tasks.begin() + *rc::gen::inRange(0, i + 1), std::move(t));
  }
  return tasks;
}

// Anything a model may come up with: unknown ids, self edges, cycles, impossible confidence, no JSON at all.
std::string some_answer(int tasks) {
  if (*rc::gen::inRange(0, 10) == 0) return *rc::gen::arbitrary<std::string>();
  std::vector<tests::proposal> edges;
  const int count = *rc::gen::inRange(0, 8);
  for (int i = 0; i < count; ++i) {
    const int beyond = *rc::gen::inRange(0, 12) == 0 ? 1 : 0;
    edges.push_back({name_of(*rc::gen::inRange(0, tasks + beyond)), name_of(*rc::gen::inRange(0, tasks)),
                     *rc::gen::inRange(0, 105) / 100.0, *rc::gen::element<std::string>("data", "order", "logic")});
  }
  return answer(edges);
}

}  // namespace

TEST_CASE("whatever the model answers, the graph is acyclic and keeps every explicit edge [D51]") {
  CHECK(rc::check([] {
    const auto tasks = some_tasks();
    scripted_analysis a;
    a.model->say(some_answer(static_cast<int>(tasks.size()))).say(some_answer(static_cast<int>(tasks.size())));
    const auto r = a.analyze(tasks);
    RC_ASSERT(r.has_value());
    RC_TAG(std::string(to_string(r->source)));

    auto planned = tasks;
    apply_edges(planned, r->edges);
    RC_ASSERT(dependency_graph::build(planned).has_value());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const auto& before = tasks[i].depends_on;
      const auto& after = planned[i].depends_on;
      RC_ASSERT(after.size() >= before.size());
      RC_ASSERT(std::equal(before.begin(), before.end(), after.begin()));
      if (tasks[i].dependencies_given) RC_ASSERT(after.size() == before.size());
    }
  }));
}

TEST_CASE("failing closed leaves the open tasks a total order [D3]") {
  CHECK(rc::check([] {
    auto tasks = some_tasks();
    const auto r = dependency_analyzer::sequential(tasks, "");
    RC_ASSERT(r.has_value());
    std::vector<std::string> open;
    for (const auto& t : tasks) {
      if (!t.dependencies_given) open.push_back(t.id);
    }
    apply_edges(tasks, r->edges);
    const auto graph = dependency_graph::build(tasks);
    RC_ASSERT(graph.has_value());

    // Before each open task all open tasks earlier in the order have ended.
    std::map<std::string, std::set<std::string>> before;
    std::size_t earlier = 0;
    for (const auto& id : graph->topological_order()) {
      for (const auto& d : *graph->dependencies(id)) {
        before[id].insert(d);
        before[id].insert(before[d].begin(), before[d].end());
      }
      if (std::find(open.begin(), open.end(), id) == open.end()) continue;
      const auto seen = static_cast<std::size_t>(
          std::count_if(open.begin(), open.end(), [&](const std::string& o) { return before[id].contains(o); }));
      RC_ASSERT(seen == earlier++);
    }
  }));
}
