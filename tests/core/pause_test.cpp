// Pause and resume, of a run or of one agent.
#include <catch2/generators/catch_generators.hpp>

#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

TEST_CASE("a paused run starts nothing, and what runs goes on") {
  hand_run r(slots(2), {call("a"), call("b"), call("c"), call("after", {"a"})});
  CHECK(r.start() == ids{"a", "b"});
  r.s.pause("", r.now);
  CHECK(r.s.state() == run_state::paused);
  r.end("a");
  CHECK(r.state("a") == task_state::completed);
  CHECK(r.start().empty());
  for (const auto* id : {"c", "after"}) CHECK(r.waits(id) == wait_reason::paused);
  CHECK(r.why("c") == ids{"'c' is held: the run is paused"});
  r.s.resume("", r.now);
  CHECK(r.s.state() == run_state::running);
  CHECK(r.start() == ids{"c"});
  r.end("c");
  CHECK(r.start() == ids{"after"});
}

TEST_CASE("pausing and resuming are idempotent, and told once") {
  hand_run r({}, {call("a")});
  r.s.resume("", r.now);
  r.s.pause("", r.now);
  r.s.pause("", r.now);
  r.s.resume("", r.now);
  r.s.resume("", r.now);
  r.s.pause("a", r.now);
  r.s.pause("a", r.now);
  r.s.resume("a", r.now);
  CHECK(r.count(event_type::run_paused) == 2);
  CHECK(r.count(event_type::run_resumed) == 2);
  CHECK(r.of(event_type::run_paused).at(1).data == json{{"agent", "a"}});
  CHECK(r.start() == ids{"a"});
}

TEST_CASE("one agent can be paused: the others go on") {
  hand_run r({}, {of_agent("x", "llm"), of_agent("y", "shell"), of_agent("z", "llm", {"y"})});
  r.s.pause("llm", r.now);
  CHECK(r.s.paused("llm"));
  CHECK_FALSE(r.s.paused("shell"));
  CHECK(r.s.state() == run_state::running);
  CHECK(r.start() == ids{"y"});
  CHECK(r.why("x") == ids{"'x' is held: the agent 'llm' is paused"});
  r.end("y");
  CHECK(r.start().empty());
  CHECK(r.waits("z") == wait_reason::paused);
  r.s.resume("llm", r.now);
  CHECK(r.start() == ids{"x", "z"});
}

TEST_CASE("a task of a paused agent and a paused run needs both to be resumed") {
  hand_run r({}, {call("t")});
  r.s.pause("", r.now);
  r.s.pause("a", r.now);
  r.s.resume("", r.now);
  CHECK(r.start().empty());
  r.s.resume("a", r.now);
  CHECK(r.start() == ids{"t"});
}

TEST_CASE("pausing while everything is paused does not end the run") {
  hand_run r({}, {call("t")});
  r.s.pause("", r.now);
  r.pass(24h);
  CHECK_FALSE(r.s.finished());
  CHECK(r.s.cancel_run(cancel_reason::user, "", r.now) == 1);
  CHECK(r.s.finished());
  CHECK(r.s.state() == run_state::cancelled);
}

TEST_CASE("a back-off that ends in a pause waits for the resume") {
  auto t = call("t");
  t.retry = retry_policy{.max_retries = 1, .first_delay = 5s, .jitter = false};
  hand_run r({}, {t});
  r.start();
  r.fail_task("t");
  r.s.pause("", r.now);
  r.pass(5s);
  CHECK(r.start().empty());
  CHECK(r.waits("t") == wait_reason::paused);
  r.s.resume("", r.now);
  CHECK(r.start() == ids{"t"});
}

TEST_CASE("a running task that waited gets its slot again in a paused run") {
  hand_run r(slots(1), {call("t"), call("u")});
  r.start();
  r.s.attempt_waits(r.at("t"), 1, wait_reason::rate, r.now);
  r.s.pause("", r.now);
  r.s.attempt_leaves_wait(r.at("t"), 1, wait_reason::rate, r.now);
  r.s.attempt_wants_slot(r.at("t"), 1, r.now);
  CHECK(r.start().empty());
  CHECK(r.resumed == ids{"t"});
  CHECK(r.waits("u") == wait_reason::paused);
}

TEST_CASE("deadlines go on in a paused run") {
  auto t = call("t");
  t.limits.schedule_to_start = 10s;
  hand_run r({}, {t, call("u")});
  r.s.pause("", r.now);
  r.pass(10s);
  CHECK(r.state("t") == task_state::timeout);
}

TEST_CASE("a locked task that is woken in a pause passes its chance on") {
  auto holder = of_agent("holder", "x");
  auto held = of_agent("held", "y"), free = of_agent("free", "x");
  for (auto* t : {&holder, &held, &free}) t->resources = {{"db"}};
  hand_run r({}, {holder, held, free});
  CHECK(r.start() == ids{"holder"});
  r.s.pause("y", r.now);
  r.end("holder");
  CHECK(r.start() == ids{"free"});
  CHECK(r.waits("held") == wait_reason::paused);
}

TEST_CASE("[L26] a pause may be long: locks kept over back-offs are free in it, with retries left or without") {
  for (const int retries : {0, 1}) {
    INFO(retries << " retries");
    auto o = slots(2);
    o.retry = {.max_retries = retries, .first_delay = 10s, .jitter = false};
    o.on_error = [](const task_call&, std::uint32_t, const error&) {
      return error_decision{.what = error_decision::action::pause, .delay = {}, .output = nullptr};
    };
    auto keeper = ruled(of_agent("keeper", "a"), [](task_rules& r) { r.hold_across_waits = true; });
    keeper.resources = {{"db"}};
    hand_run r(o, {keeper});
    CHECK(r.start() == ids{"keeper"});
    r.fail_task("keeper");
    CHECK(r.s.state() == run_state::paused);
    for (const auto& l : r.s.locks()) CHECK(l.holders.empty());
    r.s.resume("", r.now);
    CHECK(r.start() == ids{"keeper"});
  }
}

TEST_CASE("[L26] a task that kept its locks over a back-off leaves them to others while its agent is paused") {
  auto keeper = ruled(of_agent("keeper", "paused"), [](task_rules& r) { r.hold_across_waits = true; });
  auto urgent = of_agent(call("urgent", {}, 50), "other");
  for (auto* t : {&keeper, &urgent}) t->resources = {{"db"}};
  keeper.retry = retry_policy{.max_retries = 1, .first_delay = 5s, .jitter = false};
  for (const bool before : {true, false}) {
    INFO((before ? "paused in the back-off" : "paused when it is over"));
    hand_run r({}, {keeper});
    CHECK(r.start() == ids{"keeper"});
    REQUIRE(r.s.submit({urgent}, r.now));
    CHECK(r.start().empty());
    r.fail_task("keeper");
    CHECK(r.start().empty());  // kept
    if (before) r.s.pause("paused", r.now);
    r.pass(5s);
    if (!before) r.s.pause("paused", r.now);
    CHECK(r.waits("keeper") == wait_reason::paused);
    CHECK(r.start() == ids{"urgent"});
    r.s.resume("paused", r.now);
    CHECK(r.start().empty());
    CHECK(r.waits("keeper") == wait_reason::lock);
    r.end("urgent");
    CHECK(r.start() == ids{"keeper"});
  }
}

TEST_CASE("[L26] a pause frees locks that are kept over a back-off at once, and none is kept in it") {
  const bool in_backoff = GENERATE(true, false);  // or fails in the pause
  auto keeper = ruled(of_agent("keeper", "paused"), [](task_rules& r) { r.hold_across_waits = true; });
  keeper.retry = retry_policy{.max_retries = 1, .first_delay = 1h, .max_delay = 2h, .jitter = false};
  auto urgent = of_agent(call("urgent", {}, 50), "other");
  for (auto* t : {&keeper, &urgent}) t->resources = {{"db"}};
  const std::string who = GENERATE("paused", "");
  hand_run r({}, {keeper});
  CHECK(r.start() == ids{"keeper"});
  REQUIRE(r.s.submit({urgent}, r.now));
  CHECK(r.start().empty());
  if (in_backoff) r.fail_task("keeper");
  CHECK(r.start().empty());
  r.s.pause("other one", r.now);
  CHECK(r.s.fence(r.at("keeper"), "db") != 0);
  r.s.pause(who, r.now);
  if (!in_backoff) r.fail_task("keeper");
  CHECK(r.waits("keeper") == wait_reason::backoff);
  CHECK(r.s.fence(r.at("keeper"), "db") == 0);
  CHECK(r.start() == (who.empty() ? ids{} : ids{"urgent"}));
}

TEST_CASE("[L26] one that keeps its locks and waits for budget gives them back in a pause, and waits on after it") {
  auto keeper = ruled(of_agent(call("keeper", {}, 20), "paused"), [](task_rules& r) {
    r.hold_across_waits = true;
    r.reserve.tokens = 60;
  });
  keeper.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  auto other = of_agent("other", "other");
  for (auto* t : {&keeper, &other}) t->resources = {{"db"}};
  hand_run r(limited(200), {keeper, other, of_agent("spender", "other")});
  CHECK(r.start() == ids{"keeper", "spender"});
  r.fail_task("keeper");  // 60 are thought to be spent
  const auto reserved = r.s.reserve(r.at("spender"), 1, {100, 0}, false, r.now);
  REQUIRE(reserved);
  r.pass(1s);
  CHECK(r.start().empty());
  REQUIRE(r.waits("keeper") == wait_reason::budget);
  r.s.pause("paused", r.now);
  CHECK(r.waits("keeper") == wait_reason::paused);
  CHECK(r.start() == ids{"other"});
  r.end("other");
  r.s.resume("paused", r.now);
  CHECK(r.start().empty());
  CHECK(r.waits("keeper") == wait_reason::budget);
  r.s.settle(reserved->id, budget_amount{}, r.now);
  CHECK(r.start() == ids{"keeper"});
}

TEST_CASE("[L26] a failure that pauses the run frees the locks that others keep over their back-off") {
  auto keeper = ruled(call("keeper"), [](task_rules& r) { r.hold_across_waits = true; });
  keeper.resources = {{"db"}};
  keeper.retry = retry_policy{.max_retries = 1, .first_delay = 1h, .max_delay = 2h, .jitter = false};
  auto pauses = call("pauses");
  pauses.retry = retry_policy{.pause_when_exhausted = true};
  hand_run r({}, {keeper, pauses});
  CHECK(r.start() == ids{"keeper", "pauses"});
  r.fail_task("keeper");
  REQUIRE(r.s.fence(r.at("keeper"), "db") != 0);
  r.fail_task("pauses");
  CHECK(r.s.paused());
  CHECK(r.waits("keeper") == wait_reason::backoff);
  CHECK(r.s.fence(r.at("keeper"), "db") == 0);
}
