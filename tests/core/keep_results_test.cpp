// keep_results: what has ended well is forgotten, so that endless runs need bounded memory.
#include <malloc.h>

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

TEST_CASE("what a branch did not take is forgotten, with all that it leaves out") {
  hand_run r(forgetful(), {call("router"), call("yes", {"router"}), call("no", {"router"}), call("after no", {"no"})});
  r.start();
  task_output chooses(1);
  chooses.branch = std::vector<std::string>{"yes"};
  r.end_with("router", {{}, chooses});
  CHECK(r.s.find("no") == no_task);
  CHECK(r.s.find("after no") == no_task);
  CHECK(r.count(event_type::task_ended, "after no") == 1);
  CHECK(r.s.count(task_state::skipped) == 2);
  CHECK(r.start() == ids{"yes"});
  r.end("yes");
  CHECK(r.s.find("router") == no_task);
  CHECK(r.s.results().empty());
}

TEST_CASE("what was skipped for a failure is kept") {
  hand_run r(forgetful(), {call("bad"), call("after", {"bad"})});
  r.start();
  r.fail_task("bad");
  CHECK(r.result("after").skipped == skip_cause::upstream_failed);
  CHECK(r.s.results().size() == 2);
}

TEST_CASE("a child that a branch leaves out at once is known until its parent has ended") {
  const auto any = ruled(call("any", {"no", "slow"}), [](task_rules& t) { t.join = join_policy::one_success; });
  hand_run r(forgetful(), {call("router"), call("yes", {"router"}), call("no", {"router"}), call("slow"), any, call("parent")});
  r.start();
  task_output chooses(1);
  chooses.branch = std::vector<std::string>{"yes"};
  r.end_with("router", {{}, chooses});
  const auto child = r.s.spawn(r.at("parent"), call("child", {"no"}), r.now);
  REQUIRE(child);
  CHECK(r.s.call(*child).id == "parent/child");
  CHECK(r.state("parent/child") == task_state::skipped);
  r.end("parent");
  CHECK(r.s.find("parent/child") == no_task);
}

TEST_CASE("a failure's call leaves those that came with it, once they are forgotten") {
  std::vector<task_call> all;
  for (int i = 0; i < 20; ++i) all.push_back(call("t" + std::to_string(i)));
  hand_run r(forgetful(20), all);
  r.start();
  const task_call* before = &r.s.call(r.at("t3"));
  r.fail_task("t3");
  for (int i = 0; i < 18; ++i) {
    if (i != 3) r.end("t" + std::to_string(i));
  }
  CHECK(&r.s.call(r.at("t3")) == before);
  const task_call* running = &r.s.call(r.at("t19"));
  r.end("t18");
  CHECK(&r.s.call(r.at("t19")) == running);  // its body may look at it
  r.fail_task("t19");
  CHECK(&r.s.call(r.at("t3")) != before);
  for (const auto* id : {"t3", "t19"}) {
    CHECK(r.s.call(r.at(id)).id == id);
    CHECK(r.state(id) == task_state::failed);
  }
  REQUIRE(r.s.submit({call("next")}, r.now));
  CHECK(r.start() == ids{"next"});
}

TEST_CASE("a failed task of which an abandoned body still runs keeps its call where it is") {
  auto o = forgetful();
  hand_run r(o, {call("stuck"), call("good")});
  r.start();
  const task_call* before = &r.s.call(r.at("stuck"));
  r.s.cancel_task(r.at("stuck"), cancel_reason::user, "", r.now);
  r.pass(o.limits.cancel_grace);
  CHECK(r.state("stuck") == task_state::cancelled);
  r.end("good");
  CHECK(&r.s.call(r.at("stuck")) == before);
  r.end("stuck");
  CHECK(&r.s.call(r.at("stuck")) != before);
}

TEST_CASE("the fairness keys of forgotten tasks are used again, with the weights of their new names") {
  auto o = forgetful(1);
  o.fairness = {{"heavy", 3.0}};
  hand_run r(o);
  r.s.begin(std::vector<task_call>{}, r.now);
  const auto of_key = [](std::string id, std::string key) {
    return ruled(call(std::move(id)), [&](task_rules& t) { t.fairness_key = key; });
  };
  for (int i = 0; i < 100; ++i) {
    REQUIRE(r.s.submit({of_key("a", i % 2 == 0 ? "heavy" : "u" + std::to_string(i)), of_key("b", "v" + std::to_string(i))}, r.now));
    for (int k = 0; k < 2; ++k) r.end(r.start().at(0));
  }
  std::vector<task_call> some;
  for (int i = 0; i < 8; ++i) {
    some.push_back(of_key("h" + std::to_string(i), "heavy"));
    some.push_back(of_key("l" + std::to_string(i), "light"));
  }
  REQUIRE(r.s.submit(some, r.now));
  int heavy = 0;
  for (int i = 0; i < 8; ++i) {
    const auto id = r.start().at(0);
    heavy += id[0] == 'h' ? 1 : 0;
    r.end(id);
  }
  CHECK(heavy == 6);
}

TEST_CASE("a group's percentage counts its forgotten tasks too") {
  auto o = forgetful(1);
  o.groups["g"].max_failed_percent = 1;
  hand_run r(o);
  r.s.begin(std::vector<task_call>{}, r.now);
  const auto member = [](int i) { return ruled(call("t" + std::to_string(i)), [](task_rules& t) { t.group = "g"; }); };
  for (int i = 0; i < 300; ++i) {
    REQUIRE(r.s.submit({member(i), member(i + 1000)}, r.now));
    const auto id = r.start().at(0);
    i % 100 == 99 ? r.fail_task(id) : r.end(id);
    r.end(r.start().at(0));
  }
  CHECK(r.s.count(task_state::failed) == 3);
  CHECK(r.s.count(task_state::cancelled) == 0);
}

TEST_CASE("a lock's name that comes back after it was forgotten has higher fencing tokens") {
  hand_run r(forgetful());
  r.s.begin(std::vector<task_call>{}, r.now);
  const auto fence_of = [&](std::string name) {
    auto c = call("t");
    c.resources = {{name}};
    REQUIRE(r.s.submit({c}, r.now));
    r.start();
    const auto fence = r.s.fence(r.at("t"), name);
    r.end("t");
    return fence;
  };
  std::uint64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    const auto a = fence_of("a"), file = fence_of("file:out/./a.txt");
    CHECK(a > last);
    CHECK(file > 0);
    last = a;
  }
}

TEST_CASE("[E46] forgotten tasks leave no names, no branches and no chunks of calls behind") {
  const auto grown = [](const std::function<task_call(int)>& make, const std::function<scheduler::attempt_end(const task_call&)>& end) {
    auto o = forgetful(64);
    o.groups["g"].max_failed_percent = 50;
    scheduler s("run", o, {});
    const time_point now{};
    s.begin(std::vector<task_call>{}, now);
    const auto round = [&](int first) {
      std::vector<task_call> some;
      for (int i = first; i < first + 256; ++i) {
        some.push_back(make(i));
        some.push_back(call("after" + some.back().id, {some.back().id}));
      }
      REQUIRE(s.submit(std::move(some), now));
      while (const auto c = s.next_start(now)) s.attempt_ended(c->task, c->attempt, end(s.call(c->task)), now);
    };
    for (int i = 0; i < 10; ++i) round(i * 256);
    const auto before = mallinfo2().uordblks;
    for (int i = 10; i < 110; ++i) round(i * 256);
    const auto after = mallinfo2().uordblks;
    return after > before ? (after - before) / 100 : 0;  // bytes a chunk of 512 tasks
  };
  const auto plain = [](int i) { return call("t" + std::to_string(i)); };
  const auto well = [](const task_call&) { return scheduler::attempt_end{}; };
  CHECK(grown(plain, well) < 1000);
  CHECK(grown([&](int i) {
    auto c = plain(i);
    c.resources = {{"file:out/./" + c.id}};
    return c;
  }, well) < 1000);
  CHECK(grown([&](int i) { return ruled(plain(i), [&](task_rules& t) { t.fairness_key = std::to_string(i); }); }, well) < 1000);
  CHECK(grown([&](int i) { return ruled(plain(i), [](task_rules& t) { t.group = "g"; }); }, well) < 1000);
  CHECK(grown(plain, [](const task_call&) {
    scheduler::attempt_end e;
    e.output.branch = std::vector<std::string>{};  // none of those after it
    return e;
  }) < 1000);
  CHECK(grown(plain, [](const task_call& c) {  // one failure a chunk, of which some kilobytes stay
    scheduler::attempt_end e;
    if (c.id.ends_with("00") && !c.id.starts_with("after")) e.failure = fail(errc::task_failed, "no");
    return e;
  }) < 20'000);
}
