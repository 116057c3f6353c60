// Counters, rates and pools of a resource_table.
#include <catch2/catch_test_macros.hpp>

#include "core/lock_player.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using detail::claim;
using detail::resource_kind;
using detail::resource_table;
using enum lock_mode;

TEST_CASE("[X17] a counter admits as many as it has, not one at a time") {
  lock_player p;
  REQUIRE(p.table.declare("gpu", resource_kind::counter, 3));
  CHECK(p.ask(1, {{"gpu", exclusive, 2}}));
  CHECK(p.ask(2, {{"gpu"}}));
  CHECK_FALSE(p.ask(3, {{"gpu"}}));
  auto s = p.status().at(0);
  CHECK(s.capacity == 3);
  CHECK(s.in_use == 3);
  CHECK_FALSE(s.period);
  CHECK(s.holders == std::vector<std::string>{"t1", "t2"});
  p.end(1);
  CHECK(p.holds(3));
  CHECK(p.status().at(0).in_use == 2);
}

TEST_CASE("a small ask does not overtake a large one that is parked before it on the same counter") {
  lock_player p;
  REQUIRE(p.table.declare("gpu", resource_kind::counter, 4));
  p.ask(1, {{"gpu", exclusive, 3}});
  CHECK_FALSE(p.ask(2, {{"gpu", exclusive, 4}}, 5));
  CHECK_FALSE(p.ask(3, {{"gpu"}}, 5));
  CHECK(p.ask(4, {{"gpu"}}, 6));
  p.end(1);
  p.end(4);
  CHECK(p.holds(2));
  p.end(2);
  CHECK(p.holds(3));
}

TEST_CASE("[L20] a counter wakes as many as fit into what was given back") {
  resource_table t;
  REQUIRE(t.declare("gpu", resource_kind::counter, 4));
  const auto set = [&](std::uint32_t n) { return t.intern(std::vector<resource_request>{{"gpu", exclusive, n}}); };
  const auto on = set(1)[0].resource;
  REQUIRE(t.try_acquire(1, 0, set(3), {}) == resource_table::none);
  REQUIRE(t.try_acquire(2, 0, set(1), {}) == resource_table::none);
  for (task_index i = 3; i < 9; ++i) t.park(i, 0, set(2 - i % 2), on, {});  // 1, 2, 1, 2, ...
  std::vector<task_index> woken;
  t.release(1, set(3), woken);
  CHECK(woken == std::vector<task_index>{3, 4});
}

TEST_CASE("what a set asks of a counter in several places adds up") {
  resource_table t;
  REQUIRE(t.declare("gpu", resource_kind::counter, 8));
  const auto set = t.intern(std::vector<resource_request>{{"gpu", exclusive, 2}, {"gpu", shared, 3}});
  REQUIRE(set.size() == 1);
  CHECK(set[0].amount == 5);
}

TEST_CASE("[L6] asking for more than there is is an error before anything waits") {
  resource_table t;
  REQUIRE(t.declare("gpu", resource_kind::counter, 4));
  REQUIRE(t.declare("calls", resource_kind::rate, 10, 1s));
  const auto check = [&](std::vector<resource_request> r) { return t.check(r); };
  CHECK(check({{"gpu", exclusive, 4}, {"calls", exclusive, 10}, {"db", shared}}));
  CHECK(check({{"gpu", exclusive, 5}}).error().is(errc::unreachable_resource));
  CHECK(check({{"gpu", exclusive, 5}}).error().message == "resource 'gpu': asks for 5, and there are only 4");
  CHECK(check({{"gpu", exclusive, 3}, {"gpu", exclusive, 2}}).error().is(errc::unreachable_resource));
  CHECK(check({{"calls", exclusive, 11}}).error().message ==
        "resource 'calls': asks for 11, and there are only 10 in 1.00 s");
}

TEST_CASE("amounts and modes that mean nothing are refused") {
  resource_table t;
  REQUIRE(t.declare("gpu", resource_kind::counter, 4));
  const auto refused = [&](resource_request r) {
    const auto checked = t.check(std::vector<resource_request>{std::move(r)});
    return checked.has_error() && checked.error().is(errc::invalid_argument);
  };
  CHECK(refused({"gpu", exclusive, 0}));
  CHECK(refused({"db", exclusive, 0}));
  CHECK(refused({"db", exclusive, 2}));
  CHECK(refused({"file:db", shared, 2}));
  CHECK(refused({"gpu", intent_shared, 1}));
  CHECK_FALSE(refused({"gpu", shared, 1}));
}

TEST_CASE("a declaration needs a capacity, a rate a period, and each a name of its own") {
  resource_table t;
  const auto refused = [&](std::string id, resource_kind k, std::uint32_t n, duration period = {}) {
    const auto r = t.declare(std::move(id), k, n, period);
    return r.has_error() && r.error().is(errc::invalid_argument);
  };
  CHECK(refused("a", resource_kind::counter, 0));
  CHECK(refused("a", resource_kind::rate, 1));
  CHECK(refused("a", resource_kind::rate, 1, -1s));
  CHECK(refused("a", resource_kind::lock, 1));
  CHECK(refused("file:a", resource_kind::counter, 1));
  CHECK_FALSE(refused("a", resource_kind::counter, 1));
  CHECK(refused("a", resource_kind::rate, 1, 1s));
  CHECK_FALSE(refused("a", resource_kind::pool, 1));
  CHECK(refused("a", resource_kind::pool, 1));
}

TEST_CASE("a rate admits so many in any window of its period, and wakes the next as soon as that allows") {
  lock_player p;
  REQUIRE(p.table.declare("calls", resource_kind::rate, 3, 10s));
  const std::vector<resource_request> one{{"calls"}};
  CHECK(p.ask(1, one));
  p.until(4s);
  CHECK(p.ask(2, one));
  p.until(6s);
  CHECK(p.ask(3, one));
  CHECK_FALSE(p.ask(4, one));
  CHECK_FALSE(p.ask(5, {{"calls", exclusive, 2}}));
  CHECK(p.table.next_due() == time_point() + 10s);
  p.end(1);  // what was used stays used
  CHECK_FALSE(p.holds(4));
  CHECK(p.status().at(0).in_use == 3);
  CHECK(p.status().at(0).period == 10s);
  p.until(100s);
  CHECK(p.tasks[4].started == 10s);
  CHECK(p.tasks[5].started == 16s);
  CHECK(p.table.next_due() == time_point::max());
}

TEST_CASE("a rate that has refilled is given to those parked, not to a newcomer of lower rank") {
  lock_player p;
  REQUIRE(p.table.declare("calls", resource_kind::rate, 1, 1s));
  CHECK(p.ask(1, {{"calls"}}));
  CHECK_FALSE(p.ask(2, {{"calls"}}, 5));
  p.now = time_point() + 1s;  // and `advance` has not been called yet
  CHECK_FALSE(p.ask(3, {{"calls"}}, 4));
  CHECK(p.table.next_due() == time_point::min());
  p.until(1s);
  CHECK(p.tasks[2].started == 1s);
  p.until(9s);
  CHECK(p.tasks[3].started == 2s);
}

TEST_CASE("a rate with very many uses in a period keeps to it and needs bounded memory") {
  lock_player p;
  REQUIRE(p.table.declare("calls", resource_kind::rate, 5'000, 1s));
  const std::vector<resource_request> one{{"calls"}};
  task_index task = 0;
  for (int i = 0; i < 5'000; ++i) {
    p.until(i * 100us);
    REQUIRE(p.ask(++task, one));
  }
  p.until(999ms);
  CHECK_FALSE(p.ask(++task, one));
  p.until(1250ms);
  CHECK(p.tasks[task].started >= 1s);
  CHECK(p.tasks[task].started < 1010ms);
  CHECK(p.ask(++task, {{"db"}}));  // the table learns the time
  CHECK(p.status().at(0).in_use >= 2500);
  CHECK(p.status().at(0).in_use < 2540);
}

TEST_CASE("pools count slots, are out of reach for users and not shown") {
  lock_player p;
  const auto pool = p.table.declare("agent:writer", resource_kind::pool, 2).value();
  CHECK(p.table.name(pool) == "agent:writer");
  CHECK(p.table.kind(pool) == resource_kind::pool);
  const auto lock = p.table.intern(std::vector<resource_request>{{"agent:writer"}});
  CHECK(lock[0].resource != pool);
  const std::vector<claim> one{{pool}}, two{{pool, exclusive, 2}};
  CHECK(p.table.try_acquire(1, 0, one, {}) == resource_table::none);
  CHECK(p.table.try_acquire(2, 0, one, {}) == resource_table::none);
  CHECK(p.table.try_acquire(3, 0, two, {}) == pool);
  p.table.park(3, 0, two, pool, {});
  std::vector<task_index> woken;
  p.table.release(1, one, woken);
  CHECK(woken.empty());
  p.table.release(2, one, woken);
  CHECK(woken == std::vector<task_index>{3});
  CHECK(p.table.try_acquire(3, 0, two, {}) == resource_table::none);
  CHECK(p.status().empty());
}
