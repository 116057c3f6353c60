#include <corchestra/core/dependency_graph.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <optional>
#include <set>

#include <corchestra/base/text.hpp>

#include "core/graph_samples.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {
using strings = std::vector<std::string>;

error refused_graph(const std::vector<task_call>& tasks, const std::vector<dependency_edge>& extra = {}) {
  const auto g = dependency_graph::build(tasks, extra);
  REQUIRE(g.has_error());
  return g.error();
}
}  // namespace

TEST_CASE("[D7][D11] a graph knows dependencies and dependents in listing order") {
  const auto g = graph_of({{"d", {"c", "b"}}, {"a", {}}, {"b", {"a"}}, {"c", {"a", "a"}}});
  CHECK(g.size() == 4);
  CHECK(g.ids() == strings{"d", "a", "b", "c"});
  CHECK(g.edges().size() == 4);
  CHECK(*g.dependencies("d") == strings{"b", "c"});
  CHECK(*g.dependents("a") == strings{"b", "c"});
  CHECK(g.dependencies("a")->empty());
  const auto unknown = g.dependents("x");
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().is(errc::unknown_task));
  CHECK(unknown.error().message == "the graph has no task 'x'");
}

TEST_CASE("[D8] Kahn's order, ties by listing") {
  CHECK(graph_of({{"z", {}}, {"m", {"a"}}, {"a", {}}, {"b", {"z"}}}).topological_order() ==
        strings{"z", "a", "m", "b"});
}

TEST_CASE("[D10][A31] levels are the groups that could run together") {
  const auto g = graph_of({{"Root", {}},
                           {"Child1", {"Root"}},
                           {"Child2", {"Root"}},
                           {"Grandchild", {"Child1"}},
                           {"Late", {"Root", "Grandchild"}}});
  CHECK(g.levels() == std::vector<strings>{{"Root"}, {"Child1", "Child2"}, {"Grandchild"}, {"Late"}});
}

TEST_CASE("[D46] every unknown id is named with the tasks that ask for it") {
  const error e = refused_graph({task("a", {"x"}), task("b", {"y", "x"}), task("c", {"a"})},
                                {{.from = "c", .to = "q"}, {.from = "z", .to = "a"}});
  CHECK(e.is(errc::unknown_task));
  CHECK(e.message ==
        "unknown task ids: 'x' (asked for by 'a', 'b'), 'y' (asked for by 'b'), 'q' (asked for by 'c'), 'z' (asked for "
        "by 'a')");
}

TEST_CASE("[D46] every duplicate is named once") {
  const error e = refused_graph({task("b"), task("a"), task("b"), task("a"), task("b"), task("c")});
  CHECK(e.is(errc::duplicate_task));
  CHECK(e.message == "task ids used more than once: 'b', 'a'");
}

TEST_CASE("[D46] of very many unknown or duplicate ids the message names some, and says how many more there are") {
  std::vector<task_call> tasks;
  for (int i = 0; i < 30; ++i) tasks.push_back(task(concat("t", i), {"nobody", concat("n", i)}));
  const std::string unknown = refused_graph(tasks).message;
  CHECK(unknown.starts_with("unknown task ids: 'nobody' (asked for by 't0', 't1', "));
  CHECK(unknown.find("'t19' and 10 more), 'n0' (asked for by 't0'), ") != std::string::npos);
  CHECK(unknown.ends_with("'n18' (asked for by 't18') and 11 more"));
  for (int i = 0; i < 30; ++i) tasks.push_back(task(concat("t", i)));
  CHECK(refused_graph(tasks).message.ends_with("'t19' and 10 more"));
}

TEST_CASE("[D46] a refused graph tells the first task that is at fault") {
  const auto at_fault = [](const std::vector<task_call>& tasks, const std::vector<dependency_edge>& extra = {}) {
    std::optional<std::size_t> task;
    CHECK(dependency_graph::build(tasks, extra, &task).has_error());
    return task;
  };
  CHECK(at_fault({task("a"), task("b"), task("b"), task("a")}) == 2);
  CHECK(at_fault({task("a"), task("b", {"a"}), task("c", {"x"}), task("d", {"y"})}) == 2);
  CHECK(at_fault({task("a", {"c"}), task("b", {"c"}), task("c", {"b"})}) == 1);
  CHECK(at_fault({task("a"), task("b")}, {{.from = "x", .to = "b"}}) == std::nullopt);
}

TEST_CASE("[D9] one whole cycle is shown, from its first task in listing order") {
  const std::pair<std::vector<task_call>, std::string> rows[] = {
      {{task("a", {"a"})}, "a -> a"},
      {{task("a", {"b"}), task("b", {"a"})}, "a -> b -> a"},
      {{task("before"), task("after", {"c"}), task("b", {"a", "before"}), task("a", {"c"}), task("c", {"b"})},
       "b -> a -> c -> b"},
  };
  for (const auto& [tasks, cycle] : rows) {
    const error e = refused_graph(tasks);
    CHECK(e.is(errc::dependency_cycle));
    CHECK(e.message == "tasks that wait for each other (each needs the next): " + cycle);
  }
}

TEST_CASE("a cycle may be closed by an added edge") {
  CHECK(refused_graph({task("a"), task("b", {"a"})}, {{.from = "b", .to = "a"}}).is(errc::dependency_cycle));
}

TEST_CASE("of two edges between the same tasks the explicit one counts") {
  const dependency_edge found{"a", "b", edge_kind::data, 0.5, "says so", true};
  const auto g = dependency_graph::build(std::vector{task("a"), task("b", {"a"})}, std::vector{found});
  REQUIRE(g.has_value());
  CHECK(g->edges() == std::vector{dependency_edge{"a", "b"}});
}

TEST_CASE("the critical path is the longest by weight") {
  const auto g = graph_of({{"a", {}}, {"b", {}}, {"c", {"a"}}, {"d", {"b", "c"}}});
  const auto unit = g.critical_path();
  CHECK(unit.ids == strings{"a", "c", "d"});
  CHECK(unit.length == 3s);
  const std::map<std::string, duration, std::less<>> takes{{"a", 1s}, {"b", 10s}, {"c", 2s}, {"d", 0s}};
  const auto weighted = g.critical_path([&takes](std::string_view id) { return takes.find(id)->second; });
  CHECK(weighted.ids == strings{"b"});
  CHECK(weighted.length == 10s);
  CHECK(graph_of({}).critical_path().ids.empty());
}

TEST_CASE("a task's upward rank is its own weight and the greatest rank of those that need it") {
  const auto g = graph_of({{"d", {"b", "c"}}, {"a", {}}, {"b", {"a"}}, {"c", {"a"}}, {"alone", {}}});
  CHECK(g.upward_ranks() == std::vector<duration>{1s, 3s, 2s, 2s, 1s});
  const std::map<std::string, optional_duration, std::less<>> takes{
      {"a", 1s}, {"b", 10s}, {"c", std::nullopt}, {"d", 500ms}, {"alone", -7s}};
  const auto ranks = g.upward_ranks([&takes](std::string_view id) { return takes.find(id)->second; });
  CHECK(ranks == std::vector<duration>{500ms, 11500ms, 10500ms, 1500ms, 0s});
  CHECK(g.upward_ranks([](auto) { return duration::max(); })[1] == duration::max());
  CHECK(dependency_graph().upward_ranks().empty());
}

TEST_CASE("`plan/*` in a plan stands for the task that will spawn") {
  const auto g = graph_of({{"join", {"plan/*", "odd/*"}}, {"plan", {}}, {"odd/*", {}}});
  CHECK(*g.dependencies("join") == strings{"plan", "odd/*"});
  CHECK(refused_graph({task("join", {"plan/*"})}).message == "unknown task ids: 'plan/*' (asked for by 'join')");
}

TEST_CASE("edges come from the tasks first, each once, then what was added") {
  const std::vector tasks{task("a"), task("c", {"b", "a", "b"}), task("b", {"a"})};
  const std::vector<dependency_edge> added{{"a", "b", edge_kind::api, 0.5, "", true},
                                           {"a", "d", edge_kind::data, 0.7, "why", true},
                                           {"a", "d", edge_kind::file, 0.9, "", true}};
  auto all = tasks;
  all.push_back(task("d"));
  const auto g = dependency_graph::build(all, added);
  REQUIRE(g.has_value());
  CHECK(g->edge_count() == 4);
  const auto edges = g->edges();
  REQUIRE(edges.size() == 4);
  CHECK(edges[0].from + edges[0].to + edges[1].from + edges[1].to + edges[2].from + edges[2].to == "bcacab");
  CHECK(edges[3] == added[1]);
  CHECK(*g->dependents("a") == strings{"c", "b", "d"});
}

TEST_CASE("[D12] statistics of the order") {
  const auto s =
      graph_of({{"a", {}}, {"b", {"a"}}, {"c", {"a"}}, {"d", {"a"}}, {"e", {"b", "c"}}, {"f", {}}}).order_statistics();
  CHECK(s.tasks == 6);
  CHECK(s.edges == 5);
  CHECK(s.sources == 2);
  CHECK(s.sinks == 3);
  CHECK(s.depth == 3);
  CHECK(s.max_width == 3);
  CHECK(s.average_width == 2.0);
  CHECK(graph_of({}).order_statistics().average_width == 0);
}

TEST_CASE("text shows the levels, then the edges") {
  const dependency_edge found{"a", "c", edge_kind::data, 0.825, "c reads\nwhat a writes", true};
  const auto g = dependency_graph::build(std::vector{task("a"), task("b", {"a"}), task("c")}, std::vector{found});
  REQUIRE(g.has_value());
  CHECK(g->to_text() ==
        "level 1: a\n"
        "level 2: b, c\n"
        "  b needs a\n"
        "  c needs a  (data, confidence 0.82: c reads what a writes)\n");
}

TEST_CASE("DOT escapes names and marks what the analyzer found") {
  const dependency_edge found{"a \"1\"", "c\\d\ne", edge_kind::file, 1, "", true};
  const auto g = dependency_graph::build(std::vector{task("a \"1\""), task("b", {"a \"1\""}), task("c\\d\ne")},
                                         std::vector{found});
  REQUIRE(g.has_value());
  const std::string dot = g->to_dot();
  CHECK(dot.starts_with("digraph plan {\n"));
  CHECK(dot.ends_with("}\n"));
  CHECK(dot.find("  \"c\\\\d\\ne\";\n") != std::string::npos);
  CHECK(dot.find("  \"a \\\"1\\\"\" -> \"b\";\n") != std::string::npos);
  CHECK(dot.find("  \"a \\\"1\\\"\" -> \"c\\\\d\\ne\" [style=dashed, label=\"file 1.00\"") != std::string::npos);
}

TEST_CASE("Mermaid numbers the tasks, escapes their names and marks what the analyzer found") {
  const dependency_edge found{"a", "say \"hi\"]; end\n#1", edge_kind::file, 0.5, "", true};
  const auto g = dependency_graph::build(std::vector{task("a"), task("b", {"a"}), task("say \"hi\"]; end\n#1")},
                                         std::vector{found});
  REQUIRE(g.has_value());
  CHECK(g->to_mermaid() ==
        "flowchart TD\n"
        "  n0[\"a\"]\n"
        "  n1[\"b\"]\n"
        "  n2[\"say #34;hi#34;#93;#59; end #35;1\"]\n"
        "  n0 --> n1\n"
        "  n0 -.->|\"file 0.50\"| n2\n");
  CHECK(dependency_graph().to_mermaid() == "flowchart TD\n");
}

TEST_CASE("edge kinds have names") {
  CHECK(to_string(edge_kind::data) == "data");
  CHECK(to_string(edge_kind::order) == "order");
}

TEST_CASE("a chain, a star and a funnel of 100,000 tasks are no burden") {
  constexpr int n = 100'000;
  std::vector<task_call> chain{task("0")}, star{task("0")}, funnel;
  task_call last = task("last");
  for (int i = 1; i < n; ++i) {
    chain.push_back(task(std::to_string(i), {std::to_string(i - 1)}));
    star.push_back(task(std::to_string(i), {"0"}));
    funnel.push_back(task(std::to_string(i)));
    last.depends_on.push_back(std::to_string(i));
  }
  funnel.push_back(last);
  const auto c = dependency_graph::build(chain), s = dependency_graph::build(star), f = dependency_graph::build(funnel);
  REQUIRE(c.has_value());
  REQUIRE(s.has_value());
  REQUIRE(f.has_value());
  CHECK(c->critical_path().ids.size() == n);
  CHECK(s->order_statistics().max_width == n - 1);
  CHECK(f->dependencies("last")->size() == n - 1);
  chain.front().depends_on.push_back(std::to_string(n - 1));
  const std::string cycle = refused_graph(chain).message;
  CHECK(cycle.find(": 0 -> 99999 -> 99998 -> ") != std::string::npos);
  CHECK(cycle.ends_with(" -> 2 -> 1 -> 0"));
}
