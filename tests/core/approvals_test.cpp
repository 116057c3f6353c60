// Approvals: a person agrees before a task starts, or answers a question in the middle of it.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call guarded(std::string id, optional_duration timeout = {}, bool approve = false) {
  return ruled(call(std::move(id)),
               [&](task_rules& r) { r.approval = approval_rule{"Delete the old index?", timeout, approve}; });
}

}  // namespace

TEST_CASE("a task that waits for approval holds neither slot nor lock") {
  auto t = guarded("danger");
  t.priority = 100;
  t.resources = {{"db"}};
  auto other = call("other");
  other.resources = {{"db"}};
  hand_run r(slots(1), {t, other});
  CHECK(r.start() == ids{"other"});
  CHECK(r.state("danger") == task_state::waiting);
  CHECK(r.waits("danger") == wait_reason::approval);
  CHECK(r.s.approvals() == std::vector<std::pair<task_index, std::string>>{{r.at("danger"), "Delete the old index?"}});
  CHECK(r.why("danger") == ids{"'danger' waits for approval: Delete the old index?"});
  REQUIRE(r.s.answer(r.at("danger"), true, "", r.now));
  CHECK(r.s.approvals().empty());
  CHECK(r.start().empty());
  r.end("other");
  CHECK(r.start() == ids{"danger"});
}

TEST_CASE("the question and the answer are events") {
  hand_run r({}, {guarded("danger", 60s)});
  const auto asked = r.of(event_type::approval_requested, "danger");
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].data == json{{"message", "Delete the old index?"}, {"timeout_ms", 60000}, {"default", "reject"}});
  REQUIRE(r.s.answer(r.at("danger"), true, "go ahead", r.now));
  const auto answered = r.of(event_type::approval_answered, "danger");
  REQUIRE(answered.size() == 1);
  CHECK(answered[0].data == json{{"approved", true}, {"message", "go ahead"}});
}

TEST_CASE("it is asked when the dependencies are there, not before") {
  auto t = guarded("danger");
  t.depends_on = {"first"};
  hand_run r({}, {call("first"), t});
  CHECK(r.count(event_type::approval_requested) == 0);
  CHECK(r.s.answer(r.at("danger"), true, "", r.now).has_error());
  r.start();
  r.end("first");
  CHECK(r.count(event_type::approval_requested) == 1);
}

TEST_CASE("[L10] a refused task is CANCELLED with what was said, and those that need it are skipped") {
  hand_run r({}, {guarded("danger"), call("after", {"danger"})});
  REQUIRE(r.s.answer(r.at("danger"), false, "not on a Friday", r.now));
  CHECK(r.state("danger") == task_state::cancelled);
  CHECK(r.result("danger").cancelled == cancel_reason::user);
  CHECK(r.result("danger").reason == "approval: refused: not on a Friday");
  CHECK(r.state("after") == task_state::skipped);
  CHECK(r.s.finished());
}

TEST_CASE("an approval's time limit means refusal, or consent when the rule says so") {
  hand_run r({}, {guarded("no", 10s, false), guarded("yes", 20s, true)});
  r.pass(10s);
  CHECK(r.result("no").reason == "approval: no answer within 10.00 s");
  CHECK(r.start().empty());
  r.pass(10s);
  CHECK(r.of(event_type::approval_answered, "yes").at(0).data == json{{"approved", true}, {"by_default", true}});
  CHECK(r.start() == ids{"yes"});
}

TEST_CASE("an answer in time disarms the limit") {
  hand_run r({}, {guarded("t", 10s)});
  r.pass(9s);
  REQUIRE(r.s.answer(r.at("t"), true, "", r.now));
  r.start();
  r.pass(5s);
  CHECK(r.state("t") == task_state::running);
}

TEST_CASE("an answer to nothing is an error") {
  hand_run r({}, {guarded("t"), call("plain")});
  CHECK(r.s.answer(r.at("plain"), true, "", r.now).error().message == "task 'plain' does not wait for approval");
  CHECK(r.s.answer(no_task, true, "", r.now).error().is(errc::unknown_task));
  REQUIRE(r.s.answer(r.at("t"), false, "", r.now));
  CHECK(r.s.answer(r.at("t"), true, "", r.now).error().is(errc::invalid_argument));
}

TEST_CASE("a task that waits for approval can be cancelled, and its deadline does not stand still") {
  auto late = guarded("late");
  late.limits.schedule_to_close = 30s;
  hand_run r({}, {guarded("t"), late});
  CHECK(r.s.cancel_task(r.at("t"), cancel_reason::user, "changed my mind", r.now) == 1);
  CHECK(r.result("t").reason == "user: changed my mind");
  CHECK(r.s.approvals().size() == 1);
  r.pass(30s);
  CHECK(r.state("late") == task_state::timeout);
  CHECK(r.s.approvals().empty());
}

TEST_CASE("[L26] a question in the middle of a task gives its slot back and keeps its locks") {
  auto t = call("t");
  t.resources = {{"db"}};
  hand_run r(slots(1), {t, call("other")});
  CHECK(r.start() == ids{"t"});
  REQUIRE(r.s.ask(r.at("t"), 1, {"Which one?", {}, false}, r.now));
  r.s.attempt_waits(r.at("t"), 1, wait_reason::approval, r.now);
  CHECK(r.start() == ids{"other"});
  CHECK(r.state("t") == task_state::running);
  CHECK(r.waits("t") == wait_reason::approval);
  CHECK(r.s.locks().at(0).holders == ids{"t"});
  CHECK(r.s.ask(r.at("t"), 1, {"And?", {}, false}, r.now).has_error());
  REQUIRE(r.s.answer(r.at("t"), true, "the left one", r.now));
  const auto answers = r.s.take_answers();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].approved);
  CHECK(answers[0].message == "the left one");
  r.s.attempt_leaves_wait(r.at("t"), 1, wait_reason::approval, r.now);
  CHECK(r.s.attempt_wants_slot(r.at("t"), 1, r.now));
  CHECK(r.start().empty());
  CHECK(r.resumed.empty());
  r.end("other");
  r.start();
  CHECK(r.resumed == ids{"t"});
}

TEST_CASE("start_to_close stands still while a person thinks") {
  auto t = call("t");
  t.limits.start_to_close = 10s;
  hand_run r({}, {t});
  r.start();
  r.pass(6s);
  REQUIRE(r.s.ask(r.at("t"), 1, {"Go on?", {}, false}, r.now));
  r.s.attempt_waits(r.at("t"), 1, wait_reason::approval, r.now);
  r.pass(1h);
  CHECK(r.stopped().empty());
  REQUIRE(r.s.answer(r.at("t"), true, "", r.now));
  r.s.attempt_leaves_wait(r.at("t"), 1, wait_reason::approval, r.now);
  r.s.attempt_wants_slot(r.at("t"), 1, r.now);
  r.start();
  CHECK(r.resumed == ids{"t"});
  r.pass(3s);
  CHECK(r.stopped().empty());
  r.pass(1s);
  CHECK(r.stopped() == ids{"t"});
}

TEST_CASE("a question in the middle of a task has its own time limit") {
  hand_run r({}, {call("t")});
  r.start();
  REQUIRE(r.s.ask(r.at("t"), 1, {"Go on?", 5s, true}, r.now));
  r.s.attempt_waits(r.at("t"), 1, wait_reason::approval, r.now);
  r.pass(5s);
  const auto answers = r.s.take_answers();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].approved);
  CHECK(answers[0].message == "no answer in time");
}

TEST_CASE("the end of an attempt takes its question back") {
  hand_run r({}, {call("t"), call("other")});
  r.start();
  REQUIRE(r.s.ask(r.at("t"), 1, {"Go on?", 5s, true}, r.now));
  r.end("t");
  CHECK(r.s.approvals().empty());
  r.pass(10s);
  CHECK(r.s.take_answers().empty());
  CHECK(r.s.ask(r.at("t"), 1, {"Again?", {}, false}, r.now).error().is(errc::not_running));
}

TEST_CASE("a question of an attempt that waits for a slot again is kept, and so is its time limit") {
  hand_run r(slots(1), {call("t"), call("other")});
  CHECK(r.start() == ids{"t"});
  r.s.attempt_waits(r.at("t"), 1, wait_reason::rate, r.now);
  CHECK(r.start() == ids{"other"});
  r.s.attempt_leaves_wait(r.at("t"), 1, wait_reason::rate, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("t"), 1, r.now));
  REQUIRE(r.s.ask(r.at("t"), 1, {"Go on?", 5s, true}, r.now));  // another part of the same body
  r.s.attempt_waits(r.at("t"), 1, wait_reason::approval, r.now);
  CHECK(r.s.approvals() == std::vector<std::pair<task_index, std::string>>{{r.at("t"), "Go on?"}});
  CHECK(r.waits("t") == wait_reason::approval);
  r.pass(5s);
  REQUIRE(r.s.take_answers().size() == 1);
  r.s.attempt_leaves_wait(r.at("t"), 1, wait_reason::approval, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("t"), 1, r.now));
  r.end("other");
  r.start();
  CHECK(r.resumed == ids{"t"});
}
