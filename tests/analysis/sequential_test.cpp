#include <catch2/catch_test_macros.hpp>

#include "analysis/analyzed.hpp"

using namespace corchestra;
using tests::arrows;
using tests::open_task;
using tests::settled_task;

namespace {
std::string sequence(const std::vector<task_call>& tasks) {
  const auto r = dependency_analyzer::sequential(tasks, "because");
  REQUIRE(r);
  CHECK(r->source == analysis_source::fallback);
  CHECK(r->warning == "because");
  REQUIRE(dependency_graph::build(tasks, r->edges));
  return arrows(r->edges);
}

task_call needing(std::string id, std::vector<std::string> depends_on) {
  task_call t = open_task(std::move(id));
  t.depends_on = std::move(depends_on);
  return t;
}
}  // namespace

TEST_CASE("failing closed chains the tasks in listing order [D3]") {
  CHECK(sequence({open_task("c"), open_task("a"), open_task("b")}) == "c>a a>b");
  CHECK(sequence({open_task("only")}).empty());
  CHECK(sequence({}).empty());
}

TEST_CASE("the chain follows the topological order of the explicit edges") {
  CHECK(sequence({needing("a", {"c"}), open_task("b"), open_task("c")}) == "b>c");
  CHECK(sequence({needing("a", {"b"}), open_task("b"), open_task("c")}) == "a>c");
}

TEST_CASE("tasks whose dependencies are given stay out of the chain") {
  CHECK(sequence({open_task("a"), settled_task("free"), open_task("b")}) == "a>b");
  CHECK(sequence({settled_task("x"), settled_task("y", {"x"})}).empty());
}

TEST_CASE("an edge that is implied already, also by way of others, is left out") {
  CHECK(sequence({open_task("a"), needing("b", {"a"})}).empty());
  CHECK(sequence({open_task("a"), settled_task("between", {"a"}), needing("b", {"between"})}).empty());
  CHECK(sequence({open_task("a"), settled_task("x", {"a"}), settled_task("y"), needing("b", {"y"})}) == "a>b");
}

TEST_CASE("failing closed refuses tasks that are no graph") {
  const std::vector<task_call> tasks = {needing("a", {"b"}), needing("b", {"a"})};
  CHECK(dependency_analyzer::sequential(tasks, "").error().is(errc::dependency_cycle));
}

TEST_CASE("ten thousand tasks are chained in no time") {
  std::vector<task_call> tasks;
  for (int i = 0; i < 10'000; ++i) tasks.push_back(open_task(std::to_string(i)));
  CHECK(dependency_analyzer::sequential(tasks, "")->edges.size() == 9'999);
}
