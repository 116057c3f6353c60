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
  CHECK(r.s.find("plan/child") == no_task);
  CHECK(r.s.find("plan") == no_task);
  CHECK(r.start() == ids{"after"});
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
