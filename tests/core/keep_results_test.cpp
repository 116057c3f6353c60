// keep_results: what has ended well is forgotten, so that endless runs need bounded memory.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using ids = hand_run::ids;

namespace {
run_options forgetful(std::uint32_t n = 10) {
  auto o = slots(n);
  o.keep = keep_results::failed;
  o.stay_open = true;
  return o;
}
}  // namespace

TEST_CASE("a completed task is forgotten, one that failed is kept") {
  hand_run r(forgetful(), {call("good"), call("bad")});
  r.start();
  r.end("good", 1);
  r.fail_task("bad");
  CHECK(r.s.find("good") == no_task);
  CHECK(r.state("bad") == task_state::failed);
  CHECK(r.s.results().size() == 1);
  CHECK(r.s.count(task_state::completed) == 1);
  CHECK(r.s.size() == 2);
  CHECK(r.count(event_type::task_ended, "good") == 1);
}

TEST_CASE("its dependants have been told before it is forgotten") {
  hand_run r(forgetful(), {call("a"), call("b", {"a"})});
  r.start();
  r.end("a");
  CHECK(r.start() == ids{"b"});
}

TEST_CASE("a forgotten task's id may be used again, and nobody can depend on it") {
  hand_run r(forgetful(), {call("a")});
  r.start();
  r.end("a");
  CHECK(r.s.submit({call("b", {"a"})}, r.now).error().is(errc::unknown_task));
  REQUIRE(r.s.submit({call("a")}, r.now));
  CHECK(r.start() == ids{"a"});
}

TEST_CASE("a parent is kept as long as its subtree is open") {
  hand_run r(forgetful(), {call("plan"), call("after", {"plan/*"})});
  r.start();
  REQUIRE(r.s.stage(r.at("plan"), 1, call("child")));
  r.end("plan");
  CHECK(r.s.find("plan") != no_task);
  r.start();
  r.end("plan/child");
  CHECK(r.start() == ids{"after"});
  r.end("after");
  CHECK(r.s.find("plan/child") == no_task);
  CHECK(r.s.find("plan") == no_task);
}

TEST_CASE("what a task needs is kept until it has ended, so that it can ask for it") {
  hand_run r(forgetful(1), {call("a"), call("b", {"a"}), call("c", {"a"})});
  r.start();
  r.end("a", 42);
  CHECK(r.result("a").output.value == 42);
  CHECK(r.start() == ids{"b"});
  r.end("b");
  CHECK(r.result("a").output.value == 42);
  CHECK(r.s.find("b") == no_task);
  CHECK(r.start() == ids{"c"});
  r.end("c");
  CHECK(r.s.find("a") == no_task);
}

TEST_CASE("an awaited child is kept until its parent has ended") {
  hand_run r(forgetful(), {call("parent")});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("child"), r.now, true));
  r.start();
  r.end("parent/child", 1);
  CHECK(r.result("parent/child").output.value == 1);
  r.end("parent");
  CHECK(r.s.find("parent/child") == no_task);
  CHECK(r.s.find("parent") == no_task);
}

TEST_CASE("everything in a subtree is kept for those that wait for it") {
  hand_run r(forgetful(), {call("plan"), call("after", {"plan/*"})});
  r.start();
  REQUIRE(r.s.stage(r.at("plan"), 1, call("x")));
  r.end("plan");
  r.start();
  REQUIRE(r.s.stage(r.at("plan/x"), 1, call("y")));
  r.end("plan/x");
  r.start();
  r.end("plan/x/y", 3);
  r.start();
  CHECK(r.result("plan/x/y").output.value == 3);
  r.end("after");
  for (const auto* id : {"plan", "plan/x", "plan/x/y", "after"}) CHECK(r.s.find(id) == no_task);
}

TEST_CASE("a dependant that started early and is forgotten does no harm to what it did not wait for") {
  const auto any = ruled(call("any", {"quick", "slow"}), [](task_rules& t) { t.join = join_policy::one_success; });
  auto slow = call("slow");
  slow.resources = {{"db"}};
  std::vector<task_call> all{call("quick"), slow, any};
  for (int i = 0; i < 40; ++i) all.push_back(call("t" + std::to_string(i)));  // more than a block of records
  hand_run r(forgetful(50), all);
  r.start();
  for (int i = 0; i < 40; ++i) r.end("t" + std::to_string(i));
  r.end("quick");
  r.start();
  r.end("any");
  CHECK(r.s.find("any") == no_task);
  task_output chooses(1);
  chooses.branch = std::vector<std::string>{};
  r.end_with("slow", {{}, chooses});
  CHECK(r.s.find("slow") == no_task);
}

TEST_CASE("[E46] a hundred thousand tasks leave nothing behind but what failed") {
  hand_run r(forgetful(4));
  r.s.begin(std::vector<task_call>{}, r.now);
  std::size_t failed = 0;
  for (int i = 0; i < 100'000; i += 4) {
    std::vector<task_call> some;
    for (int k = 0; k < 4; ++k) some.push_back(call(std::to_string(i + k)));
    REQUIRE(r.s.submit(std::move(some), r.now));
    while (const auto c = r.s.next_start(r.now)) {
      scheduler::attempt_end e;
      if (c->task % 1000 == 0) e.failure = fail(errc::task_failed, "no");
      failed += e.failure ? 1 : 0;
      r.s.attempt_ended(c->task, c->attempt, std::move(e), r.now);
    }
  }
  r.s.close(r.now);
  CHECK(r.s.finished());
  CHECK(r.s.size() == 100'000);
  CHECK(r.s.results().size() == failed);
  std::size_t known = 0;
  for (task_index t = 0; t < r.s.size(); ++t) known += r.s.known(t) ? 1 : 0;
  CHECK(known == failed);
}

TEST_CASE("the results of a run that ends early are those of completed tasks too that others still needed") {
  auto o = forgetful(1);
  o.stay_open = false;
  hand_run r(o, {call("first"), call("bad"), call("after", {"first"})});
  CHECK(r.start() == ids{"first"});
  r.end("first", 42);
  CHECK(r.start() == ids{"bad"});
  r.fail_task("bad");
  r.s.drain(r.now);
  REQUIRE(r.s.finished());
  const auto all = r.s.take_results();
  REQUIRE(all.size() == 3);
  CHECK(all[0].id == "first");
  CHECK(all[0].output.value == 42);
  CHECK(all[1].id == "bad");
  CHECK(all[2].id == "after");
  CHECK(all[2].state == task_state::ready);
  CHECK(r.s.take_results().empty());
}
