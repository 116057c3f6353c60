#include <corchestra/monitor/graph_svg.hpp>

#include <rapidcheck.h>
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <corchestra/base/text.hpp>

#include "monitor/graph_layout.hpp"
#include "monitor/xml_checker.hpp"
#include "support/found_text.hpp"

using namespace corchestra;
using namespace corchestra::tests;

namespace {

task_call node(std::string id, std::vector<std::string> depends_on = {}) {
  task_call c = create_task_call(id, "writer", "type", "Do " + id);
  c.depends_on = std::move(depends_on);
  return c;
}

std::vector<task_call> diamond() { return {node("a"), node("b", {"a"}), node("c", {"a"}), node("d", {"b", "c"})}; }

dependency_graph graph_of(const std::vector<task_call>& tasks, std::vector<dependency_edge> extra = {}) {
  return dependency_graph::build(tasks, extra).value();
}

task_result result_of(std::string id, task_state state, double seconds) {
  task_result r;
  r.id = std::move(id);
  r.agent = "writer";
  r.state = state;
  r.started_at = time_point();
  r.ended_at = time_point(from_seconds(seconds));
  return r;
}

/// A layered graph with edges only upwards.
detail::graph_layout_input some_graph() {
  detail::graph_layout_input in;
  const auto nodes = *rc::gen::inRange<std::uint32_t>(1, 40);
  for (std::uint32_t n = 0; n < nodes; ++n) {
    in.levels.push_back(n == 0 ? 0 : *rc::gen::inRange<std::uint32_t>(0, 6));
    in.widths.push_back(*rc::gen::inRange(40, 200));
  }
  const auto edges = *rc::gen::inRange<std::uint32_t>(0, 60);
  for (std::uint32_t e = 0; e < edges; ++e) {
    const auto a = *rc::gen::inRange<std::uint32_t>(0, nodes), b = *rc::gen::inRange<std::uint32_t>(0, nodes);
    if (in.levels[a] < in.levels[b]) in.edges.push_back({a, b});
    if (in.levels[b] < in.levels[a]) in.edges.push_back({b, a});
  }
  return in;
}

}  // namespace

TEST_CASE("[D11] a graph's picture has a labelled box a task and an arrow a dependency") {
  const auto tasks = diamond();
  const std::string svg = graph_svg(graph_of(tasks), {.title = "plan <1>", .tasks = tasks}).value();
  CHECK(xml_error(svg) == "");
  for (const char* id : {"a", "b", "c", "d"}) CHECK(occurrences(svg, concat(">", id, "</text>")) == 1);
  CHECK(occurrences(svg, "marker-end") == 4);
  for (const char* title : {"b needs a", "c needs a", "d needs b", "d needs c"})
    CHECK(occurrences(svg, concat("<title>", title, "</title>")) == 1);
  CHECK(occurrences(svg, ">plan &lt;1&gt;</text>") == 1);
  CHECK(occurrences(svg, ">4 tasks, 4 dependencies, 3 levels, at most 2 side by side</text>") == 1);
  CHECK(occurrences(svg, "<title>a (writer)\nDo a</title>") == 1);
  CHECK(occurrences(svg, "prefers-color-scheme:dark") == 1);
  CHECK(occurrences(svg, "http") == 1);  // the namespace: nothing is loaded from elsewhere
}

TEST_CASE("states colour the boxes, and the critical path goes by measured durations") {
  const std::vector<task_result> results{result_of("a", task_state::completed, 1),
                                         result_of("b", task_state::completed, 2),
                                         result_of("c", task_state::failed, 7), result_of("d", task_state::skipped, 0)};
  const std::string svg = graph_svg(graph_of(diamond()), {.results = results}).value();
  CHECK(xml_error(svg) == "");
  CHECK(occurrences(svg, "class=\"c z\"") == 1);
  CHECK(occurrences(svg, "class=\"c z k2\"") == 1);
  CHECK(occurrences(svg, "class=\"f z k2\"") == 1);
  CHECK(occurrences(svg, ">critical path, 8.00 s</text>") == 1);
  CHECK(occurrences(svg, ">completed 2</text>") == 1);
  CHECK(occurrences(svg, ">writer · 7.00 s</text>") == 1);
}

TEST_CASE("the states of a run under way come from its timeline") {
  timeline run;
  run.end = time_point(from_seconds(3));
  run.entries.push_back({.task_id = "a", .agent = "writer", .started_at = time_point(), .state = task_state::running});
  const std::string svg = graph_svg(graph_of(diamond()), {.run = &run}).value();
  CHECK(occurrences(svg, "class=\"r z") == 1);
  CHECK(occurrences(svg, ">writer · 3.00 s</text>") == 1);
}

TEST_CASE("[D2] edges that the analysis found are dashed and tell why") {
  const std::string svg =
      graph_svg(graph_of({node("a"), node("b")}, {{"a", "b", edge_kind::data, 0.82, "b reads <a>", true}})).value();
  CHECK(xml_error(svg) == "");
  CHECK(occurrences(svg, "class=\"e k d\"") == 1);
  CHECK(occurrences(svg, "<title>b needs a\ndata, confidence 0.82\nb reads &lt;a&gt;</title>") == 1);
  CHECK(occurrences(svg, ">found by the analysis</text>") == 1);
}

TEST_CASE("tasks without any dependency stand below, and one task or none are pictures too") {
  const std::string svg = graph_svg(graph_of({node("a"), node("b", {"a"}), node("alone")})).value();
  CHECK(occurrences(svg, ">Without dependencies</text>") == 1);
  CHECK(xml_error(graph_svg(graph_of({node("only")})).value()) == "");
  CHECK(xml_error(graph_svg(dependency_graph()).value()) == "");
}

TEST_CASE("a graph of 300 tasks is drawn, a larger one is refused with what to use instead") {
  std::vector<task_call> tasks;
  for (int i = 0; i < 300; ++i)
    tasks.push_back(node(concat("t", i),
                         i < 10 ? std::vector<std::string>{} : std::vector{concat("t", i / 2), concat("t", i - 10)}));
  CHECK(xml_error(graph_svg(graph_of(tasks)).value()) == "");
  tasks.push_back(node("one more"));
  const auto refused = graph_svg(graph_of(tasks));
  REQUIRE(refused.has_error());
  CHECK(refused.error().is(errc::too_large));
  CHECK(refused.error().message == "a picture of 301 tasks (at most 300 can be read): use Mermaid or DOT instead");
}

TEST_CASE("boxes never overlap, and no edge runs over a box that is not its end") {
  REQUIRE(rc::check("layout", [] {
    const auto in = some_graph();
    const auto out = detail::lay_out(in);
    RC_ASSERT(out.nodes.size() == in.levels.size());
    RC_ASSERT(out.edges.size() == in.edges.size());
    const auto inside = [](double a, double b, double c, double d) { return a < d - 1e-6 && c < b - 1e-6; };
    for (std::size_t a = 0; a < out.nodes.size(); ++a) {
      RC_ASSERT(out.nodes[a].y >= -1e-6);
      RC_ASSERT(out.nodes[a].y + in.node_height <= out.height + 1e-6);
      RC_ASSERT(out.nodes[a].x + in.widths[a] <= out.width + 1e-6);
      for (std::size_t b = a + 1; b < out.nodes.size(); ++b) {
        RC_ASSERT_FALSE(
            inside(out.nodes[a].x, out.nodes[a].x + in.widths[a], out.nodes[b].x, out.nodes[b].x + in.widths[b]) &&
            inside(out.nodes[a].y, out.nodes[a].y + in.node_height, out.nodes[b].y, out.nodes[b].y + in.node_height));
      }
    }
    for (const auto& e : out.edges) {
      for (std::size_t i = 1; i + 1 < e.points.size(); i += 2) {  // the straight parts, through levels
        RC_ASSERT(e.points[i].y == e.points[i + 1].y);
        for (std::size_t n = 0; n < out.nodes.size(); ++n) {
          RC_ASSERT_FALSE(inside(out.nodes[n].x, out.nodes[n].x + in.widths[n], e.points[i].x, e.points[i + 1].x) &&
                          e.points[i].y > out.nodes[n].y && e.points[i].y < out.nodes[n].y + in.node_height);
        }
      }
      for (std::size_t i = 0; i + 1 < e.points.size(); ++i) RC_ASSERT(e.points[i].x <= e.points[i + 1].x);
    }
  }));
}

TEST_CASE("crossings are counted as they are seen") {
  using detail::crossings;
  CHECK(crossings({}) == 0);
  CHECK(crossings({{0, 0}, {1, 1}}) == 0);
  CHECK(crossings({{0, 1}, {1, 0}}) == 1);
  CHECK(crossings({{0, 0}, {0, 1}, {1, 1}}) == 0);
  CHECK(crossings({{0, 2}, {1, 1}, {2, 0}}) == 3);
  REQUIRE(rc::check("crossings", [](const std::vector<std::pair<unsigned char, unsigned char>>& pairs) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> edges(pairs.begin(), pairs.end());
    std::size_t n = 0;
    for (std::size_t a = 0; a < edges.size(); ++a)
      for (std::size_t b = 0; b < edges.size(); ++b)
        n += edges[a].first < edges[b].first && edges[a].second > edges[b].second;
    RC_ASSERT(crossings(edges) == n);
  }));
}

TEST_CASE("a graph that can be drawn without crossings is") {
  detail::graph_layout_input in;  // two chains, listed crosswise
  in.levels = {0, 0, 1, 1, 2, 2};
  in.widths = std::vector<double>(6, 50);
  in.edges = {{0, 3}, {1, 2}, {3, 4}, {2, 5}};
  const auto out = detail::lay_out(in);
  CHECK((out.nodes[0].y < out.nodes[1].y) == (out.nodes[3].y < out.nodes[2].y));
  CHECK((out.nodes[3].y < out.nodes[2].y) == (out.nodes[4].y < out.nodes[5].y));
  CHECK(out.nodes[0].y == out.nodes[3].y);
}
