// Random graphs: edges lead from lower to higher numbers, listed in random order, so that they have no cycle but a
// planted one.
#include <corchestra/core/dependency_graph.hpp>

#include <rapidcheck.h>
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <random>

#include "core/graph_samples.hpp"

using namespace corchestra;
using namespace corchestra::tests;

namespace {

std::vector<task_call> random_dag(std::mt19937_64& random, std::size_t size) {
  std::vector<task_call> tasks;
  for (std::size_t i = 0; i < size; ++i) {
    task_call c = task("t" + std::to_string(i));
    for (auto d = random() % 4; d > 0 && i > 0; --d) c.depends_on.push_back("t" + std::to_string(random() % i));
    tasks.push_back(std::move(c));
  }
  std::shuffle(tasks.begin(), tasks.end(), random);
  return tasks;
}

std::mt19937_64 any_random() { return std::mt19937_64(*rc::gen::arbitrary<std::uint64_t>()); }

}  // namespace

TEST_CASE("[D8] the order respects every edge and holds every task once") {
  REQUIRE(rc::check("topological order", [] {
    auto random = any_random();
    const auto g = *dependency_graph::build(random_dag(random, *rc::gen::inRange<std::size_t>(0, 60)));
    std::map<std::string, std::size_t> place;
    for (const auto& id : g.topological_order()) place.emplace(id, place.size());
    RC_ASSERT(place.size() == g.size());
    for (const auto& e : g.edges()) RC_ASSERT(place.at(e.from) < place.at(e.to));
  }));
}

TEST_CASE("[D10] a task's level is one above the highest it needs") {
  REQUIRE(rc::check("levels", [] {
    auto random = any_random();
    const auto g = *dependency_graph::build(random_dag(random, *rc::gen::inRange<std::size_t>(0, 60)));
    const auto levels = g.levels();
    std::map<std::string, std::size_t> level;
    for (std::size_t k = 0; k < levels.size(); ++k)
      for (const auto& id : levels[k]) level[id] = k;
    RC_ASSERT(level.size() == g.size());
    for (const auto& id : g.ids()) {
      std::size_t least = 0;
      for (const auto& d : *g.dependencies(id)) least = std::max(least, level.at(d) + 1);
      RC_ASSERT(level.at(id) == least);
    }
    RC_ASSERT(g.critical_path().ids.size() == levels.size());
  }));
}

TEST_CASE("[D9] a planted cycle is found, whole and real") {
  REQUIRE(rc::check("cycle", [] {
    auto random = any_random();
    auto tasks = random_dag(random, *rc::gen::inRange<std::size_t>(2, 60));
    const auto length = *rc::gen::inRange<std::size_t>(1, tasks.size() + 1);
    for (std::size_t i = 0; i < length; ++i) tasks[i].depends_on.push_back(tasks[(i + 1) % length].id);
    const auto g = dependency_graph::build(tasks);
    RC_ASSERT(g.has_error());
    RC_ASSERT(g.error().is(errc::dependency_cycle));
    std::vector<std::string> walk;
    std::string rest = g.error().message.substr(g.error().message.find("): ") + 3);
    for (std::size_t end; (end = rest.find(" -> ")) != std::string::npos; rest.erase(0, end + 4))
      walk.push_back(rest.substr(0, end));
    RC_ASSERT(!walk.empty());
    RC_ASSERT(walk.front() == rest);
    for (std::size_t i = 0; i < walk.size(); ++i) {
      const auto asks = std::find_if(tasks.begin(), tasks.end(), [&](const auto& t) { return t.id == walk[i]; });
      RC_ASSERT(asks != tasks.end());
      const auto& next = i + 1 < walk.size() ? walk[i + 1] : rest;
      RC_ASSERT(std::count(asks->depends_on.begin(), asks->depends_on.end(), next) > 0);
      RC_ASSERT(std::count(walk.begin(), walk.end(), walk[i]) == 1);
    }
  }));
}

TEST_CASE("no path is longer than the critical one") {
  REQUIRE(rc::check("critical path", [] {
    auto random = any_random();
    const auto g = *dependency_graph::build(random_dag(random, *rc::gen::inRange<std::size_t>(1, 40)));
    std::map<std::string, duration, std::less<>> takes;
    for (const auto& id : g.ids()) takes[id] = std::chrono::milliseconds(random() % 5);
    const auto path = g.critical_path([&](std::string_view id) { return takes.find(id)->second; });
    duration sum{};
    for (std::size_t i = 0; i < path.ids.size(); ++i) {
      sum += takes.at(path.ids[i]);
      const auto needs = *g.dependencies(path.ids[i]);
      if (i > 0) RC_ASSERT(std::count(needs.begin(), needs.end(), path.ids[i - 1]) == 1);
    }
    RC_ASSERT(sum == path.length);
    std::map<std::string, duration> longest;
    for (const auto& id : g.topological_order()) {
      duration before{};
      for (const auto& d : *g.dependencies(id)) before = std::max(before, longest.at(d));
      longest[id] = before + takes.at(id);
      RC_ASSERT(longest[id] <= path.length);
    }
  }));
}

TEST_CASE("the greatest upward rank is the critical path's length") {
  REQUIRE(rc::check("upward rank", [] {
    auto random = any_random();
    const auto g = *dependency_graph::build(random_dag(random, *rc::gen::inRange<std::size_t>(1, 60)));
    std::map<std::string, duration, std::less<>> takes;
    for (const auto& id : g.ids()) takes[id] = std::chrono::milliseconds(random() % 5);
    const auto weight = [&](std::string_view id) { return takes.find(id)->second; };
    const auto ranks = g.upward_ranks(weight);
    RC_ASSERT(*std::max_element(ranks.begin(), ranks.end()) == g.critical_path(weight).length);
  }));
}

TEST_CASE("in whatever order tasks are listed, neighbours are the same") {
  REQUIRE(rc::check("neighbours", [] {
    auto random = any_random();
    const auto tasks = random_dag(random, *rc::gen::inRange<std::size_t>(0, 200));
    const auto g = *dependency_graph::build(tasks);
    std::size_t edges = 0;
    for (const auto& t : tasks) {
      const auto needs = *g.dependencies(t.id);
      edges += needs.size();
      RC_ASSERT(std::is_permutation(needs.begin(), needs.end(), t.depends_on.begin(), t.depends_on.end()) ||
                needs.size() < t.depends_on.size());
      for (const auto& d : t.depends_on) {
        const auto fed = *g.dependents(d);
        RC_ASSERT(std::count(needs.begin(), needs.end(), d) == 1);
        RC_ASSERT(std::count(fed.begin(), fed.end(), t.id) == 1);
      }
    }
    RC_ASSERT(g.edge_count() == edges);
  }));
}
