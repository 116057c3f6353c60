// `why`: the chain of causes, in words.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {
task_call locked(std::string id, std::vector<std::string> needs = {}) {
  auto c = call(std::move(id), std::move(needs));
  c.resources = {{"db"}};
  return c;
}
}  // namespace

TEST_CASE("[A55] why follows the causes down to what really runs") {
  auto holder = locked("holder");
  holder.priority = 100;
  hand_run r({}, {holder, locked("waiter"), call("after", {"waiter"}), call("last", {"after"})});
  r.start();
  r.pass(5s);
  CHECK(r.why("last") == ids{"'last' waits for 'after'", "  'after' waits for 'waiter'",
                             "    'waiter' waits for 'db', held by 'holder'",
                             "      'holder' is running (attempt 1, for 5.00 s)"});
}

TEST_CASE("who waits for a slot is told who has them") {
  hand_run r(slots(2), {call("a"), call("b"), call("c")});
  r.start();
  CHECK(r.why("c") == ids{"'c' waits for a slot: 2 of 2 taken by 'a', 'b'"});
  r.end("a");
  CHECK(r.why("c") == ids{"'c' is about to start"});
}

TEST_CASE("a back-off, a cancellation under way and an end say so") {
  auto t = call("t");
  t.retry = retry_policy{.max_retries = 1, .first_delay = 5s, .jitter = false};
  hand_run r({}, {t, call("stops"), call("done")});
  r.start();
  r.fail_task("t");
  CHECK(r.why("t") == ids{"'t' waits before its next try: 1 failed so far"});
  r.s.cancel_task(r.at("stops"), cancel_reason::user, "enough", r.now);
  CHECK(r.why("stops") == ids{"'stops' is being stopped (attempt 1, for 0 ms): user: enough"});
  r.end("done");
  CHECK(r.why("done") == ids{"'done' has ended COMPLETED"});
}

TEST_CASE("a parent that waits for its children names what they wait for") {
  hand_run r(slots(2), {locked("parent"), locked("x")});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("child"), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  r.start();
  CHECK(r.why("x") == ids{"'x' waits for 'db', held by 'parent'",
                          "  'parent' is running and waits for its children (attempt 1, for 0 ms)",
                          "    'parent/child' is running (attempt 1, for 0 ms)"});
}

TEST_CASE("long lists are cut, and an unknown task gets an answer too") {
  std::vector<task_call> calls;
  std::vector<std::string> needs;
  for (int i = 0; i < 10; ++i) {
    calls.push_back(call("t" + std::to_string(i)));
    needs.push_back(calls.back().id);
  }
  calls.push_back(call("all", needs));
  hand_run r({}, calls);
  const auto words = r.why("all");
  CHECK(words.at(0) == "'all' waits for 't0', 't1', 't2', 't3' and 6 more");
  CHECK(words.size() == 5);
  CHECK(r.s.why(no_task, r.now) == ids{"the run has no such task, or has forgotten it"});
}

TEST_CASE("[E65][I4] what is missing is named: a dependency, a slot with those who have it") {
  auto holder = locked("holder");
  holder.priority = 100;
  hand_run r(slots(2), {holder, call("runs", {}, 90), locked("waiter"), call("queued"), call("after", {"queued"})});
  CHECK(r.start() == ids{"holder", "runs"});
  CHECK(r.why("queued") == ids{"'queued' waits for a slot: 2 of 2 taken by 'holder', 'runs'"});
  CHECK(r.why("after") == ids{"'after' waits for 'queued'", "  'queued' waits for a slot: 2 of 2 taken by 'holder', 'runs'"});
}

TEST_CASE("[E65][I4] a back-off, a pause and a child are named") {
  auto flaky = call("flaky");
  flaky.retry = retry_policy{.max_retries = 1, .first_delay = 5s, .jitter = false};
  hand_run r(slots(3), {flaky, call("parent"), call("later", {"flaky"})});
  r.start();
  r.fail_task("flaky");
  REQUIRE(r.s.spawn(r.at("parent"), call("child"), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  r.start();
  CHECK(r.why("flaky").at(0) == "'flaky' waits before its next try: 1 failed so far");
  CHECK(r.why("later").at(1) == "  'flaky' waits before its next try: 1 failed so far");
  CHECK(r.why("parent").at(0) == "'parent' is running and waits for its children (attempt 1, for 0 ms)");
  CHECK(r.why("parent").at(1) == "  'parent/child' is running (attempt 1, for 0 ms)");
  r.s.pause({}, r.now);
  r.pass(5s);
  CHECK(r.why("flaky").at(0).find("paused") != std::string::npos);
}

TEST_CASE("[E65] every task that has not ended can say why it does not run, whatever it waits for") {
  auto o = slots(2);
  o.resources = {{"api", 1, 60s}};
  o.budget.run.tokens = 10;
  auto rated = call("rated"), rated2 = call("rated2");
  rated.resources = rated2.resources = {{"api"}};
  auto asked = ruled(call("asked"), [](task_rules& r) { r.approval = approval_rule{"Sure?", {}, false}; });
  auto dear = ruled(call("dear"), [](task_rules& r) { r.reserve.tokens = 8; });
  auto dear2 = ruled(call("dear2"), [](task_rules& r) { r.reserve.tokens = 8; });
  hand_run r(o, {rated, rated2, asked, dear, dear2, call("later", {"rated"}), call("queued")});
  r.start();
  for (task_index t = 0; t < r.s.size(); ++t) {
    const auto words = r.s.why(t, r.now);
    REQUIRE_FALSE(words.empty());
    CHECK(words[0].starts_with("'" + r.s.call(t).id + "' "));
  }
}

TEST_CASE("[I4] who stands in line names those before it, and whoever they wait for") {
  auto first = locked("first"), writer = locked("writer"), reader = locked("reader");
  first.resources[0].mode = reader.resources[0].mode = lock_mode::shared;
  hand_run r({}, {first, writer, reader});
  CHECK(r.start() == ids{"first"});
  CHECK(r.why("reader") == ids{"'reader' waits for 'db', in line behind 'writer'", "  'writer' waits for 'db', held by 'first'",
                               "    'first' is running (attempt 1, for 0 ms)"});
}

TEST_CASE("[I4] who is kept out by a reservation names the one that has waited long, not a holder that leaves enough") {
  run_options o;
  o.resources = {{"gpu", 4}};
  const auto uses = [](std::string id, std::uint32_t gpus) {
    auto c = call(std::move(id));
    c.resources = {{"gpu", lock_mode::exclusive, gpus}};
    return c;
  };
  hand_run r(o, {uses("holder", 2), uses("big", 4)});
  CHECK(r.start() == ids{"holder"});
  r.pass(2min);
  REQUIRE(r.s.submit({uses("small", 1)}, r.now));
  CHECK(r.start().empty());
  CHECK(r.why("small") == ids{"'small' waits for 'gpu', kept after a long wait for 'big'", "  'big' waits for 'gpu', held by 'holder'",
                              "    'holder' is running (attempt 1, for 2 m 00 s)"});
}

TEST_CASE("[I4] of several holders of a lock those are named that are in the way") {
  auto reads = call("reads"), writes = call("writes"), all = call("all");
  reads.resources = {{"file:a/x", lock_mode::shared}};
  writes.resources = {{"file:a/y"}};
  all.resources = {{"directory:a", lock_mode::shared}};
  hand_run r({}, {reads, writes, all});
  CHECK(r.start() == ids{"reads", "writes"});
  CHECK(r.why("all").at(0) == "'all' waits for 'directory:a', held by 'writes'");
}

TEST_CASE("a back-off counts what has failed since the last success, not iterations") {
  auto t = ruled(call("t"), [](task_rules& r) { r.repeat = loop_rule{.until = true, .max_iterations = 9}; });
  t.retry = retry_policy{.max_retries = 3, .first_delay = 5s, .jitter = false};
  hand_run r({}, {t});
  for (int i = 0; i < 3; ++i) {
    r.start();
    r.end("t", false);
  }
  r.start();
  r.fail_task("t");
  CHECK(r.why("t") == ids{"'t' waits before its next try: 1 failed so far"});
}

TEST_CASE("a retry that the retry budget holds back says so") {
  auto o = slots(100);
  o.retry_budget = 0.01;
  o.give_up_after = 10min;
  o.retry = retry_policy{.max_retries = 3, .first_delay = 1s, .jitter = false};
  std::vector<task_call> calls;
  for (int i = 0; i < 11; ++i) calls.push_back(call("t" + std::to_string(i)));
  hand_run r(o, calls);
  r.start();
  for (const auto& c : calls) r.fail_task(c.id);
  r.pass(2s);
  CHECK(r.why("t10") == ids{"'t10' waits until the retry budget allows its next try: 1 failed so far"});
}

TEST_CASE("an attempt that asks a person shows its question") {
  hand_run r({}, {call("t")});
  r.start();
  REQUIRE(r.s.ask(r.at("t"), 1, {"Drop the table?", {}, false}, r.now));
  r.s.attempt_waits(r.at("t"), 1, wait_reason::approval, r.now);
  CHECK(r.why("t") == ids{"'t' is running and waits for approval (attempt 1, for 0 ms): Drop the table?"});
}
