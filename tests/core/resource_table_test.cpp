#include "core/resource_table.hpp"

#include <catch2/catch_test_macros.hpp>

#include "core/lock_modes.hpp"
#include "core/lock_player.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using detail::claim;
using detail::resource_kind;
using detail::resource_table;
using enum lock_mode;

namespace {
using tasks = std::vector<task_index>;
}  // namespace

TEST_CASE("the four modes go beside each other as the textbook says") {
  const std::vector<lock_mode> modes{exclusive, shared, intent_exclusive, intent_shared};
  const bool beside[4][4] = {{false, false, false, false},  //
                             {false, true, false, true},    //
                             {false, false, true, true},    //
                             {false, true, true, true}};
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = 0; b < 4; ++b) {
      lock_player p;
      p.ask(1, {{"db", modes[a]}});
      CHECK(p.ask(2, {{"db", modes[b]}}) == beside[a][b]);
      CHECK(detail::compatible(modes[a], modes[b]) == beside[a][b]);
    }
  }
}

TEST_CASE("a set that names a resource twice holds it in the mode that gives both rights") {
  resource_table t;
  const auto mode_of = [&](lock_mode a, lock_mode b) {
    const auto set = t.intern(std::vector<resource_request>{{"db", a}, {"db", b}});
    REQUIRE(set.size() == 1);
    return set[0].mode;
  };
  CHECK(mode_of(shared, exclusive) == exclusive);
  CHECK(mode_of(shared, intent_exclusive) == exclusive);
  CHECK(mode_of(intent_shared, intent_exclusive) == intent_exclusive);
  CHECK(mode_of(shared, intent_shared) == shared);
  CHECK(mode_of(intent_shared, intent_shared) == intent_shared);
}

TEST_CASE(
    "[X14][E21] a set is granted as a whole or not at all: who waits holds nothing, so nobody waits in a circle") {
  lock_player p;
  CHECK(p.ask(1, {{"a"}}));
  CHECK_FALSE(p.ask(2, {{"b"}, {"a"}}));
  CHECK(p.waits_for(2) == "a");
  CHECK(p.ask(3, {{"b"}}));  // `b` was not kept for 2
  p.end(1);
  CHECK(p.waits_for(2) == "b");
  p.end(3);
  CHECK(p.holds(2));
}

TEST_CASE("[E20][E24] sets on different resources run beside each other, those that share one in turn") {
  lock_player p;
  CHECK(p.ask(1, {{"backend_services"}, {"database_config"}}));
  CHECK(p.ask(2, {{"frontend_assets"}, {"ui_components"}}));
  CHECK(p.ask(3, {{"documentation_files"}}));
  CHECK_FALSE(p.ask(4, {{"database_config"}, {"ui_components"}}));
  p.end(1);
  CHECK_FALSE(p.holds(4));
  p.end(2);
  CHECK(p.holds(4));
}

TEST_CASE("[L2] a set that is blocked at the head of one resource hides nobody from another") {
  lock_player p;
  p.ask(1, {{"a"}});
  CHECK_FALSE(p.ask(2, {{"a"}, {"b"}}, 100));
  CHECK(p.ask(3, {{"b"}}, 0));
}

TEST_CASE("waiters are served by rank, then in order of parking") {
  lock_player p;
  p.ask(1, {{"db"}});
  p.ask(5, {{"db"}}, 1);
  p.ask(4, {{"db"}}, 1);
  p.ask(3, {{"db"}}, 9);
  p.ask(2, {{"db"}}, 0);
  CHECK(p.status().at(0).waiters == std::vector<std::string>{"t3", "t5", "t4", "t2"});
  for (const task_index t : {1U, 3U, 5U, 4U, 2U}) p.end(t);
  CHECK(p.started == tasks{1, 3, 5, 4, 2});
}

TEST_CASE("readers go together, but none overtakes a writer that is parked before it") {
  lock_player p;
  p.ask(1, {{"db", shared}});
  CHECK(p.ask(2, {{"db", shared}}));
  CHECK_FALSE(p.ask(3, {{"db", exclusive}}, 5));
  CHECK_FALSE(p.ask(4, {{"db", shared}}, 5));  // same rank, behind
  CHECK_FALSE(p.ask(5, {{"db", shared}}, 4));
  CHECK(p.ask(6, {{"db", shared}}, 6));  // before the writer
  for (const task_index t : {1U, 2U, 6U}) p.end(t);
  CHECK(p.started == tasks{1, 2, 6, 3});
  p.end(3);
  CHECK(p.started == tasks{1, 2, 6, 3, 4, 5});
}

TEST_CASE("[L4] a cancelled writer lets the readers behind it go") {
  lock_player p;
  p.ask(1, {{"db", shared}});
  p.ask(2, {{"db", exclusive}}, 5);
  p.ask(3, {{"db", shared}});
  CHECK_FALSE(p.holds(3));
  p.cancel(2);
  CHECK(p.holds(3));
}

TEST_CASE("[L20] release wakes only those that may now fit, and one that fails passes its chance on") {
  resource_table t;
  const auto ab = t.intern(std::vector<resource_request>{{"a"}, {"b"}});
  const auto a = t.intern(std::vector<resource_request>{{"a"}});
  const auto b = t.intern(std::vector<resource_request>{{"b"}});
  REQUIRE(t.try_acquire(1, 0, a, {}) == resource_table::none);
  t.park(2, 9, ab, a[0].resource, {});
  t.park(3, 5, a, a[0].resource, {});
  t.park(4, 1, a, a[0].resource, {});
  tasks woken;
  t.release(1, a, woken);
  CHECK(woken == tasks{2});
  REQUIRE(t.try_acquire(5, 0, b, {}) == resource_table::none);
  REQUIRE(t.try_acquire(2, 9, ab, {}) == b[0].resource);
  t.park(2, 9, ab, b[0].resource, {});
  woken.clear();
  t.wake(a[0].resource, woken);
  CHECK(woken == tasks{3});
  REQUIRE(t.try_acquire(3, 5, a, {}) == resource_table::none);
  woken.clear();
  t.release(5, b, woken);
  CHECK(woken == tasks{2});
}

TEST_CASE("a waiter whose rank has risen is served earlier, and at once when that is enough") {
  lock_player p;
  p.ask(1, {{"db", shared}});
  p.ask(2, {{"db"}}, 5);
  p.ask(3, {{"db"}}, 4);
  p.ask(4, {{"db", shared}}, 3);
  p.raise(3, 6);
  CHECK(p.status().at(0).waiters == std::vector<std::string>{"t3", "t2", "t4"});
  CHECK(p.table.next_due() == time_point() + 60s);
  p.raise(4, 7);
  CHECK(p.table.next_due() == time_point::min());
  p.until(0s);
  CHECK(p.holds(4));
}

TEST_CASE("a holder inherits the highest rank of those whom it keeps waiting") {
  constexpr auto nobody = std::numeric_limits<std::int64_t>::min();
  lock_player p;
  p.ask(1, {{"db"}, {"log", shared}}, 1);
  CHECK(p.table.inherited_rank(p.tasks[1].set) == nobody);
  p.ask(2, {{"db"}}, 7);
  p.ask(3, {{"db"}}, 40);
  CHECK(p.table.inherited_rank(p.tasks[1].set) == 40);
  p.ask(4, {{"log", exclusive}}, 90);
  p.ask(5, {{"log", shared}}, 80);  // waits for 4, not for 1
  CHECK(p.table.inherited_rank(p.tasks[1].set) == 90);
  CHECK(p.table.inherited_rank(p.table.intern(std::vector<resource_request>{{"log", intent_shared}})) == 90);
}

TEST_CASE("[E47] status shows holders, waiters and how much a resource is fought over") {
  lock_player p;
  p.ask(1, {{"db", shared}, {"idle"}});
  p.ask(2, {{"db", shared}});
  p.ask(3, {{"db"}});
  const auto db = p.tasks[3].on;
  CHECK(p.table.holders(db) == tasks{1, 2});
  p.until(3s);
  auto all = p.status();
  REQUIRE(all.size() == 2);
  CHECK(all[0].resource == "db");
  CHECK(all[0].mode == shared);
  CHECK(all[0].holders == std::vector<std::string>{"t1", "t2"});
  CHECK(all[0].waiters == std::vector<std::string>{"t3"});
  CHECK(all[0].capacity == 0);
  for (const task_index t : {1U, 2U, 3U}) p.end(t);
  CHECK(p.tasks[3].started == 3s);
  all = p.status();
  REQUIRE(all.size() == 1);  // nobody ever waited for `idle`
  CHECK(all[0].grants == 3);
  CHECK(all[0].blocked == 1);
  CHECK(all[0].waited == 3s);
  CHECK(all[0].holders.empty());
}

TEST_CASE("[E15] what an abandoned body holds stays quarantined until it ends") {
  lock_player p;
  p.ask(1, {{"file:report.md"}});
  p.table.quarantine(p.tasks[1].set);
  CHECK_FALSE(p.ask(2, {{"file:report.md"}}));
  CHECK(p.status().back().resource == "file:report.md");
  CHECK(p.status().back().quarantined);
  p.end(1);
  CHECK(p.holds(2));
  CHECK_FALSE(p.status().back().quarantined);

  p.ask(3, {{"db", shared}});
  p.ask(4, {{"db", shared}});
  p.ask(5, {{"db", shared}});
  p.table.quarantine(4, p.tasks[4].set);
  CHECK(p.status().back().quarantined);
  p.end(3);
  CHECK(p.status().back().quarantined);
  p.end(4);
  CHECK_FALSE(p.status().back().quarantined);  // though 5 still reads it
}

TEST_CASE("fencing tokens rise with every exclusive grant of a resource, and readers get the last") {
  lock_player p;
  std::uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    p.ask(1, {{"db"}});
    CHECK(p.table.fence(1, "db") > last);
    last = p.table.fence(1, "db");
    p.end(1);
    CHECK(p.table.fence(1, "db") == 0);
    p.ask(2, {{"db", shared}});
    p.ask(3, {{"db", shared}});
    CHECK(p.table.fence(2, "db") == last);
    CHECK(p.table.fence(3, "db") == last);
    p.end(2);
    p.end(3);
  }
  CHECK(p.table.fence(1, "unheard of") == 0);
  p.ask(4, {{"log", shared}});
  const auto before = p.table.fence(4, "log");
  CHECK(before > 0);
  p.end(4);
  p.ask(4, {{"log"}});
  CHECK(p.table.fence(4, "log") > before);
  p.end(4);
  p.ask(5, {{"file:./a//b"}});
  CHECK(p.table.fence(5, "directory:a/b/") > 0);
}

TEST_CASE("two sets are in conflict when nobody could hold both") {
  resource_table t;
  REQUIRE(t.declare("gpu", resource_kind::counter, 3));
  const auto set = [&](std::vector<resource_request> r) { return t.intern(r); };
  const auto data = set({{"directory:data"}});
  const auto file = set({{"file:data/x", shared}});
  CHECK(t.conflict(data, file) != resource_table::none);
  CHECK(t.conflict(file, set({{"file:data/y"}})) == resource_table::none);
  CHECK(t.conflict(set({{"gpu", exclusive, 2}}), set({{"gpu", exclusive, 2}})) != resource_table::none);
  CHECK(t.conflict(set({{"gpu", exclusive, 2}}), set({{"gpu"}})) == resource_table::none);
}

TEST_CASE("every name is interned once, in the order of first use") {
  resource_table t;
  for (int i = 0; i < 1'000; ++i) {
    const std::vector<resource_request> one{{"lock-" + std::to_string(i)}};
    const auto set = t.intern(one);
    REQUIRE(set.size() == 1);
    CHECK(set[0].resource == static_cast<detail::resource_index>(i));
    CHECK(t.intern(one) == set);
    CHECK(t.name(set[0].resource) == one[0].id);
    CHECK(t.kind(set[0].resource) == resource_kind::lock);
  }
}

TEST_CASE("a lock goes with the last set that has it, and a path with the last one beneath it") {
  resource_table t;
  const auto set_of = [&](std::string name) { return t.intern(std::vector<resource_request>{{std::move(name)}}); };
  const auto first = set_of("file:out/a/1.txt"), again = set_of("file:out/a/../a/1.txt"), other = set_of("db");
  REQUIRE(first.size() == 4);  // with the folders above it
  CHECK(first == again);
  t.drop(first);
  CHECK(set_of("file:out/a/1.txt") == first);
  t.drop(first);
  t.drop(again);
  t.drop(other);
  for (int i = 0; i < 1000; ++i) {  // no index is new
    const auto set = set_of("file:out/b/" + std::to_string(i));
    for (const claim& c : set) CHECK(c.resource <= other[0].resource);
    t.drop(set);
  }
}

TEST_CASE("a lock that was waited for stays, to be told of at the end") {
  lock_player p;
  p.ask(1, {{"db"}});
  p.ask(2, {{"db"}});
  p.end(1);
  p.end(2);
  p.table.drop(p.tasks[1].set);
  p.table.drop(p.tasks[2].set);
  REQUIRE(p.status().size() == 1);
  CHECK(p.status()[0].resource == "db");
  CHECK(p.status()[0].grants == 2);
}

TEST_CASE("what is declared stays, whoever has asked for it") {
  resource_table t;
  REQUIRE(t.declare("gpu", resource_kind::counter, 2));
  const auto set = t.intern(std::vector<resource_request>{{"gpu", exclusive, 2}});
  t.drop(set);
  CHECK(t.intern(std::vector<resource_request>{{"gpu", exclusive, 1}})[0].resource == set[0].resource);
  CHECK(t.status([](task_index) { return std::string(); })[0].capacity == 2);
}

TEST_CASE("fencing tokens rise over the end of a name, and a reader has the last writer's or a later one") {
  lock_player p;
  const auto fence = [&](lock_mode mode) {
    p.ask(1, {{"db", mode}});
    const auto token = p.table.fence(1, "db");
    p.end(1);
    p.table.drop(p.tasks[1].set);
    return token;
  };
  CHECK(fence(shared) == 1);
  const auto second = fence(exclusive);
  CHECK(second == 2);
  CHECK(fence(exclusive) == 3);
  CHECK(fence(shared) == 3);
  CHECK(fence(exclusive) == 4);
}

TEST_CASE("how long a lock was waited for stops at the end of what can be told") {
  lock_player p(duration::max());
  for (task_index t = 1; t <= 3; ++t) p.ask(t, {{"db"}});
  p.until(duration::max() / 3 * 2);
  p.end(1);
  p.end(2);
  REQUIRE(p.holds(3));
  p.end(3);
  CHECK(p.status()[0].waited == duration::max());
}
