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
