// Waiters of a resource_table that have waited for too long.
#include <catch2/catch_test_macros.hpp>

#include "core/lock_player.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using detail::resource_kind;
using detail::resource_table;
using enum lock_mode;

namespace {
/// 1 holds `a`, 2 holds `b`, and 3, which wants both, has waited for a minute while others were given one of them.
struct starving_third {
  starving_third() {
    p.ask(1, {{"a"}});
    p.ask(2, {{"b"}});
    p.ask(3, {{"a"}, {"b"}});
    p.until(59s);
    p.end(1);
    REQUIRE(p.waits_for(3) == "b");
    REQUIRE(p.ask(4, {{"a"}}));
    p.until(60s);
  }
  lock_player p;
};
}  // namespace

TEST_CASE_METHOD(starving_third,
                 "[X14] who has waited for too long reserves its whole set: nobody else gets a part of it") {
  p.end(4);
  CHECK_FALSE(p.ask(5, {{"a"}}, 1000));
  CHECK(p.waits_for(5) == "a");
  CHECK(p.table.holders(p.tasks[5].on) == std::vector<task_index>{3});
  CHECK(p.ask(6, {{"c"}}));
  p.end(2);
  CHECK(p.holds(3));
  CHECK_FALSE(p.holds(5));
  p.end(3);
  CHECK(p.holds(5));
}

TEST_CASE_METHOD(starving_third, "a reservation ends with the wait, and those it kept out go on") {
  p.end(4);
  p.ask(5, {{"a"}});
  p.cancel(3);
  CHECK(p.holds(5));
}

TEST_CASE_METHOD(starving_third, "a woken task that is forgotten lets go of all that it reserved") {
  p.end(4);
  p.ask(5, {{"a"}});
  std::vector<task_index> woken;
  p.table.release(2, p.tasks[2].set, woken);
  REQUIRE(woken == std::vector<task_index>{3});
  p.table.forget(3);
  CHECK(p.table.next_due() == time_point::min());
  p.until(60s);
  CHECK(p.holds(5));
}

TEST_CASE("two that starve are served by age, whatever their ranks") {
  lock_player p(10s);
  p.ask(1, {{"a"}});
  p.ask(2, {{"b"}});
  p.until(1s);
  p.ask(3, {{"a"}, {"b"}}, 0);
  p.until(2s);
  p.ask(4, {{"b"}, {"a"}}, 100);
  p.until(20s);
  p.ask(5, {{"a"}}, 1000);
  p.end(2);
  p.end(1);
  CHECK(p.holds(3));
  p.end(3);
  CHECK(p.holds(4));
  p.end(4);
  CHECK(p.holds(5));
}

TEST_CASE("waiting time survives parking elsewhere, and starts anew once forgotten") {
  lock_player p(10s);
  p.ask(1, {{"a"}});
  p.ask(2, {{"b"}});
  p.ask(3, {{"a"}, {"b"}});
  p.until(6s);
  p.end(1);  // 3 parks again, on `b`
  CHECK(p.waits_for(3) == "b");
  CHECK(p.table.next_due() == time_point() + 10s);
  p.end(2);
  CHECK(p.holds(3));
  p.ask(4, {{"a"}});
  CHECK(p.table.next_due() == time_point() + 16s);
  p.end(3);
  CHECK(p.table.next_due() == time_point::max());
}

TEST_CASE("a starving reader no longer stands behind writers of higher rank") {
  lock_player p(10s);
  p.ask(1, {{"db", shared}});
  p.ask(2, {{"db"}}, 9);
  p.until(5s);
  p.ask(3, {{"db", shared}, {"x"}});
  p.until(9s);
  p.cancel(2);  // so that the reader may go
  CHECK(p.holds(3));

  p.until(100s);
  p.ask(4, {{"db", shared}});
  p.ask(5, {{"x"}, {"db", shared}}, 0);
  REQUIRE(p.waits_for(5) == "x");
  p.until(109s);
  p.ask(6, {{"db"}}, 9);
  p.end(3);  // 5 is behind the writer now
  CHECK(p.waits_for(5) == "db");
  p.until(110s);
  CHECK(p.holds(5));
  CHECK_FALSE(p.holds(6));
}

TEST_CASE("a starving large ask is kept free of small ones") {
  lock_player p(10s);
  REQUIRE(p.table.declare("gpu", resource_kind::counter, 4));
  p.ask(1, {{"gpu", exclusive, 2}});
  p.ask(2, {{"gpu", exclusive, 3}, {"db"}}, 0);
  p.ask(3, {{"gpu"}}, 5);
  CHECK(p.holds(3));
  p.until(10s);
  CHECK_FALSE(p.ask(4, {{"gpu"}}, 5));
  p.end(3);
  CHECK_FALSE(p.holds(4));
  p.end(1);
  CHECK(p.holds(2));
  CHECK(p.holds(4));  // the fourth of them
}

TEST_CASE("a rate wakes a waiter when it has refilled enough for it and for what an older one reserves") {
  lock_player p(1s);
  REQUIRE(p.table.declare("calls", resource_kind::rate, 4, 10s));
  p.ask(1, {{"a"}, {"calls", exclusive, 2}});
  p.ask(2, {{"a"}, {"calls"}});
  p.until(900ms);
  p.ask(3, {{"calls", exclusive, 2}});
  REQUIRE(p.holds(3));
  p.until(6s);
  CHECK_FALSE(p.ask(4, {{"calls", exclusive, 2}}));
  p.until(20s);
  CHECK(p.waits_for(2) == "a");
  CHECK(p.tasks[4].started == 10900ms);
}

TEST_CASE("those that go beside a reserving one are not kept out by it") {
  lock_player p(10s);
  p.ask(1, {{"a"}});
  p.ask(2, {{"a"}, {"db", shared}});
  p.until(10s);
  CHECK(p.ask(3, {{"db", shared}}));
  CHECK_FALSE(p.ask(4, {{"db"}}));
}

TEST_CASE("of those that starve from the start, one that nobody older keeps out goes at once") {
  lock_player p(0s);
  p.ask(1, {{"db", shared}});
  p.ask(9, {{"db"}});
  CHECK_FALSE(p.ask(3, {{"db", shared}}));  // parked in the same moment as the writer, and before it by number
  CHECK(p.table.next_due() == time_point::min());
  p.until(0s);
  CHECK(p.holds(3));
}

TEST_CASE("nobody starves in a table that was told so") {
  lock_player p(duration::max());
  p.ask(1, {{"a"}});
  p.ask(2, {{"a"}});
  CHECK(p.table.next_due() == time_point::max());
}
