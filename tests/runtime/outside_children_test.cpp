#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/sleep.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("run::spawn refuses a second child of a name as a duplicate, also when the first has completed") {
  virtual_orchestra v;
  v.agent->takes("parent", 10s);
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("parent")})).value();
    const auto first = co_await r.spawn("parent", task("x"));
    CHECK(first.value() == "parent/x");
    co_await sleep_for(3s);
    const auto second = co_await r.spawn("parent", task("x"));
    CHECK((second.has_error() && second.error().is(errc::duplicate_task)));
    run_result end = co_await r.wait();
    co_return end;
  };
  const auto r = v.time.run(all());
  CHECK(r.success());
  CHECK(r.results.size() == 2);
}

TEST_CASE("a child that run::spawn was refused for a cap costs its parent nothing") {
  virtual_orchestra v;
  v.agent->takes("parent", 10s);
  auto p = plan({task("parent")});
  p.options.limits.max_children_per_task = 1;
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(p).value();
    (void)co_await r.spawn("parent", task("x"));
    const auto second = co_await r.spawn("parent", task("y"));
    CHECK((second.has_error() && second.error().is(errc::limit_exceeded)));
    run_result end = co_await r.wait();
    co_return end;
  };
  const auto r = v.time.run(all());
  CHECK(r.success());
  CHECK(r.find("parent")->success());
}
