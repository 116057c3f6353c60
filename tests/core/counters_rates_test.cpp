// Counters, rates and locks as resources of tasks, seen through the scheduler.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call with_resources(std::string id, std::vector<resource_request> resources, int priority = 10) {
  auto c = call(std::move(id), {}, priority);
  c.resources = std::move(resources);
  return c;
}

run_options having(std::vector<resource_limit> resources) {
  run_options o;
  o.resources = std::move(resources);
  return o;
}

}  // namespace

TEST_CASE("[X17][E54] a counter lets as many in as it has, where a lock lets one") {
  hand_run r(having({{"gpu", 2, {}}}),
             {with_resources("a", {{"gpu"}}), with_resources("b", {{"gpu"}}), with_resources("c", {{"gpu"}}),
              with_resources("x", {{"db"}}), with_resources("y", {{"db"}})});
  CHECK(r.start() == ids{"a", "b", "x"});
  CHECK(r.waits("c") == wait_reason::lock);
  r.end("b");
  CHECK(r.start() == ids{"c"});
}

TEST_CASE("a task may take several of a counter, and no equal overtakes one that waits for many") {
  hand_run r(having({{"gpu", 4, {}}}),
             {with_resources("a", {{"gpu", {}, 3}}), with_resources("large", {{"gpu", {}, 2}}),
              with_resources("small", {{"gpu"}}), with_resources("urgent", {{"gpu"}}, 100)});
  CHECK(r.start() == ids{"urgent", "a"});
  CHECK(r.s.locks().at(0).in_use == 4);
  r.end("urgent");
  CHECK(r.start().empty());
  r.end("a");
  CHECK(r.start() == ids{"large", "small"});
}

TEST_CASE("[X17] a rate lets n start within its period, and time alone brings the next") {
  hand_run r(having({{"api", 2, 60s}}),
             {with_resources("a", {{"api"}}), with_resources("b", {{"api"}}), with_resources("c", {{"api"}})});
  CHECK(r.start() == ids{"a", "b"});
  CHECK(r.waits("c") == wait_reason::rate);
  CHECK(r.why("c") == ids{"'c' waits for the rate 'api' to allow another"});
  r.end("a");
  r.end("b");
  CHECK(r.start().empty());
  r.pass(59s);
  CHECK(r.start().empty());
  r.pass(1s);
  CHECK(r.start() == ids{"c"});
}

TEST_CASE("[L13] waiting for a rate and then for a lock uses no attempt") {
  auto t = with_resources("t", {{"api"}, {"db"}});
  t.retry = retry_policy{.max_retries = 0};
  hand_run r(having({{"api", 1, 10s}}), {with_resources("first", {{"api"}, {"db"}}), t});
  r.start();
  r.pass(10s);
  CHECK(r.start().empty());
  CHECK(r.waits("t") == wait_reason::lock);
  r.end("first");
  CHECK(r.start() == ids{"t"});
  r.end("t");
  CHECK(r.result("t").attempts == 1);
}

TEST_CASE("[L13] waiting for a slot uses no attempt, nor does the wait for the next try's slot") {
  auto o = slots(1);
  auto t = call("t");
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  hand_run r(o, {call("first", {}, 100), t, call("urgent", {"first"}, 100)});
  CHECK(r.start() == ids{"first"});
  CHECK(r.state("t") == task_state::ready);
  r.pass(1s);
  r.end("first");
  CHECK(r.start() == ids{"urgent"});
  r.pass(1s);
  r.end("urgent");
  CHECK(r.start() == ids{"t"});
  r.fail_task("t");
  r.pass(1s);
  CHECK(r.start() == ids{"t"});
  r.end("t");
  CHECK(r.result("t").attempts == 2);
}

TEST_CASE("[L6] asking for more than a counter or rate has is refused with the plan") {
  hand_run r(having({{"gpu", 2, {}}, {"api", 3, 1s}}));
  for (const auto& bad : {with_resources("t", {{"gpu", {}, 3}}), with_resources("t", {{"api", {}, 4}})}) {
    const auto refused = r.s.validate({bad});
    REQUIRE(refused.has_error());
    CHECK(refused.error().is(errc::unreachable_resource));
    CHECK(refused.error().message.starts_with("task 't': "));
  }
}

TEST_CASE("[E21][L2] all or nothing: who waits for one resource holds none of the others") {
  hand_run r({}, {with_resources("holder", {{"a"}}), with_resources("both", {{"a"}, {"b"}}),
                  with_resources("other", {{"b"}})});
  CHECK(r.start() == ids{"holder", "other"});
  for (const auto& l : r.s.locks()) CHECK(std::find(l.holders.begin(), l.holders.end(), "both") == l.holders.end());
}

TEST_CASE("[A43][A44] what a task declares is taken at its start and given back at its end") {
  hand_run r({}, {with_resources("t", {{"db"}})});
  CHECK(r.s.locks().empty());
  r.start();
  CHECK(r.s.locks().at(0).holders == ids{"t"});
  r.end("t");
  CHECK(r.s.locks().empty());
}

TEST_CASE("[A44] a failure and a cancellation give back what was taken, as the end does") {
  hand_run r({}, {with_resources("fails", {{"db"}}), with_resources("stops", {{"db"}}),
                  with_resources("waits", {{"db"}}), with_resources("last", {{"db"}})});
  CHECK(r.start() == ids{"fails"});
  r.fail_task("fails");
  CHECK(r.start() == ids{"stops"});
  r.s.cancel_task(r.at("waits"), cancel_reason::user, "", r.now);
  r.s.cancel_task(r.at("stops"), cancel_reason::user, "", r.now);
  r.end("stops");
  CHECK(r.result("stops").state == task_state::cancelled);
  CHECK(r.start() == ids{"last"});
  r.end("last");
  for (const auto& l : r.s.locks()) {  // shown for its contention
    CHECK(l.holders.empty());
    CHECK(l.waiters.empty());
  }
}

TEST_CASE("[E47] locks say who holds, who waits, and how long was waited") {
  hand_run r({}, {with_resources("a", {{"db"}}), with_resources("b", {{"db"}}), with_resources("c", {{"db"}})});
  r.start();
  r.pass(5s);
  const auto l = r.s.locks().at(0);
  CHECK(l.resource == "db");
  CHECK(l.holders == ids{"a"});
  CHECK(l.waiters == ids{"b", "c"});
  r.end("a");
  r.start();
  const auto after = r.s.locks().at(0);
  CHECK(after.grants == 2);
  CHECK(after.blocked >= 1);
  CHECK(after.waited >= 5s);
}

TEST_CASE("[D49] files in a folder that is locked wait, files elsewhere do not") {
  hand_run r({}, {with_resources("folder", {{"directory:src"}}), with_resources("inside", {{"file:src/a.cpp"}}),
                  with_resources("outside", {{"file:docs/a.md"}})});
  CHECK(r.start() == ids{"folder", "outside"});
  r.end("folder");
  CHECK(r.start() == ids{"inside"});
}

TEST_CASE("[E22] a lock ends with its task, and who waits for it has limits of its own") {
  auto holder = with_resources("holder", {{"db"}});
  holder.limits.start_to_close = 60s;
  auto waiter = with_resources("waiter", {{"db"}});
  waiter.limits.schedule_to_start = 30s;
  hand_run r({}, {holder, waiter, with_resources("patient", {{"db"}})});
  r.start();
  r.pass(30s);
  CHECK(r.state("waiter") == task_state::timeout);
  r.pass(30s);
  CHECK(r.stopped() == ids{"holder"});
  r.end("holder");
  CHECK(r.start() == ids{"patient"});
}

TEST_CASE("[L7] a lock comes with a fencing token that rises with every grant") {
  hand_run r({}, {with_resources("a", {{"db"}}), with_resources("b", {{"db"}})});
  r.start();
  const auto first = r.s.fence(r.at("a"), "db");
  CHECK(first > 0);
  CHECK(r.s.fence(r.at("b"), "db") == 0);
  r.end("a");
  r.start();
  CHECK(r.s.fence(r.at("b"), "db") > first);
  CHECK(r.s.fence(r.at("a"), "db") == 0);
}

TEST_CASE("[L26] hold_across_waits keeps the locks over a back-off") {
  auto t = ruled(with_resources("t", {{"db"}}), [](task_rules& r) { r.hold_across_waits = true; });
  t.retry = retry_policy{.max_retries = 1, .first_delay = 10s, .jitter = false};
  hand_run r({}, {t, with_resources("other", {{"db"}})});
  r.start();
  r.fail_task("t");
  CHECK(r.start().empty());
  CHECK(r.s.slots_in_use() == 0);
  r.pass(10s);
  CHECK(r.start() == ids{"t"});
  r.end("t");
  CHECK(r.start() == ids{"other"});
}
