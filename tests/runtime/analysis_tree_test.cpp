// The reactive analysis tree of system C: a manager that grows it, a selector that chooses, a fixer that tries again.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("[C28] a tree grows from its nodes' own results, each child under its parent, until nothing is left to ask") {
  virtual_orchestra v;
  v.o.agents().add("node", [](task_context c) -> awaitable<result<task_output>> {
    co_await sleep_for(1s);
    const auto left = c.task().context["left"].get<int>();
    for (int i = 0; i < left; ++i) {
      auto child = task(std::to_string(i));
      child.agent = "node";
      child.context = {{"left", left - 1}};
      const auto id = c.spawn(child);
      if (id.has_error()) co_return id.error();
    }
    co_return task_output(left);
  });
  auto root = task("root");
  root.agent = "node";
  root.context = {{"left", 2}};
  auto report = task("report", {"root/*"});
  const auto r = v.run(plan({root, report}, 3));
  CHECK(r.success());
  CHECK(r.results.size() == 1 + 2 + 2 + 1);  // the root, two children, a grandchild each, the report
  CHECK(r.find("root/1/0")->parent == "root/1");
  CHECK(v.start_of("report") == 3);  // after three generations
}

TEST_CASE("[C29] what a selector answers decides which function runs") {
  for (const std::string chosen : {"plot", "cluster"}) {
    virtual_orchestra v;
    v.agent->on("select", {{1s, {}, json{{"function", chosen}}}});
    auto select = task("select");
    branch_rule rule;
    rule.pointer = "/function";
    rule.cases = {{"plot", {"plot"}}, {"cluster", {"cluster"}}};
    select.rules.get_or_emplace().branch = rule;
    const auto r = v.run(plan({select, task("plot", {"select"}), task("cluster", {"select"})}));
    for (const auto* id : {"plot", "cluster"}) {
      INFO(chosen << ": " << id);
      CHECK(r.find(id)->success() == (id == chosen));
      if (id != chosen) CHECK(r.find(id)->skipped == skip_cause::branch_not_taken);
    }
  }
}

TEST_CASE("[C30] a fixer gets the last version and its errors until the checks pass") {
  virtual_orchestra v;
  std::vector<json> given;
  v.o.agents().add("fixer", [&](task_context c) -> awaitable<result<task_output>> {
    given.push_back(c.previous() == nullptr ? json() : *c.previous());
    const int bugs = c.previous() == nullptr ? 2 : (*c.previous())["bugs"].get<int>() - 1;
    co_return task_output(json{{"bugs", bugs}, {"version", c.iteration()}});
  });
  auto code = task("code");
  code.agent = "fixer";
  code.rules.get_or_emplace().repeat = loop_rule{.pointer = "/bugs", .until = 0};
  const auto r = v.run(plan({code}));
  CHECK(r.find("code")->output.value == json{{"bugs", 0}, {"version", 3}});
  CHECK(r.find("code")->iterations == 3);
  REQUIRE(given.size() == 3);
  CHECK(given[0].is_null());
  CHECK(given[2] == json{{"bugs", 1}, {"version", 2}});
}
