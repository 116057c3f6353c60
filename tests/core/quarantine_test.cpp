// What waits for the locks of a body that was given up.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call taker(std::string id, std::vector<std::string> locks, int priority = 10) {
  auto c = call(std::move(id), {}, priority);
  for (auto& l : locks) c.resources.push_back({std::move(l)});
  return c;
}

run_options open_run() {
  auto o = slots(5);
  o.limits.cancel_grace = 1s;
  o.stay_open = true;
  return o;
}

void give_up(hand_run& r, std::string_view id) {
  r.s.cancel_task(r.at(id), cancel_reason::user, "", r.now);
  r.pass(1s);
}

}  // namespace

TEST_CASE("who has reserved a lock lets go of all it reserved when that lock's holder is given up") {
  hand_run r(open_run(), {taker("stuck", {"db"}), taker("waits", {"db", "x"})});
  CHECK(r.start() == ids{"stuck"});
  r.pass(70s);
  REQUIRE(r.s.submit({taker("before", {"x"})}, r.now));
  CHECK(r.start().empty());  // reserved
  give_up(r, "stuck");
  CHECK(r.start() == ids{"before"});
  r.end("before");
  REQUIRE(r.s.submit({taker("after", {"x"})}, r.now));
  CHECK(r.start() == ids{"after"});
  r.end("after");
  r.end("stuck");
  CHECK(r.start() == ids{"waits"});
}

TEST_CASE("who comes to wait for a given-up body lets go of what it had reserved before") {
  hand_run r(open_run(), {taker("first", {"a"}), taker("stuck", {"db"}), taker("waits", {"a", "db"})});
  CHECK(r.start() == ids{"first", "stuck"});
  give_up(r, "stuck");
  r.pass(70s);
  REQUIRE(r.s.submit({taker("before", {"a"})}, r.now));
  CHECK(r.start().empty());
  r.end("first");
  r.start();
  r.pass(0s);
  r.start();
  CHECK(r.state("before") == task_state::running);
  r.end("before");
  REQUIRE(r.s.submit({taker("after", {"a"})}, r.now));
  CHECK(r.start() == ids{"after"});
  r.end("stuck");
  r.end("after");
  CHECK(r.start() == ids{"waits"});
}

TEST_CASE("[X14] who has waited too long while a body was given up reserves as soon as that has ended") {
  hand_run r(open_run(), {taker("stuck", {"db"}), taker("first", {"db"}), taker("starves", {"db"}, 0)});
  CHECK(r.start() == ids{"stuck"});
  give_up(r, "stuck");
  r.pass(70s);
  r.end("stuck");
  CHECK(r.start() == ids{"first"});
  REQUIRE(r.s.submit({taker("urgent", {"db"}, 20)}, r.now));
  CHECK(r.start().empty());
  r.pass(1s);
  r.end("first");
  CHECK(r.start() == ids{"starves"});
}

TEST_CASE("a body that was given up keeps its lock in a pause, and when the run is drained") {
  auto o = open_run();
  o.limits.max_concurrent_tasks = 2;
  hand_run r(o, {taker("stuck", {"db"}), taker("runs", {}), taker("waits", {"db"})});
  CHECK(r.start() == ids{"stuck", "runs"});
  give_up(r, "stuck");
  const auto holders = [&] { return r.s.locks().at(0).holders; };
  r.s.pause("", r.now);
  CHECK(holders() == ids{"stuck"});
  r.s.resume("", r.now);
  CHECK(r.start().empty());
  r.s.drain(r.now);
  CHECK(holders() == ids{"stuck"});
  CHECK(r.state("stuck") == task_state::cancelled);
  r.end("runs");
  CHECK(r.s.finished());
}
