// A lock that very many tasks want: each step must cost about the same, however many wait.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call wants_db(std::string id) {
  auto c = call(std::move(id));
  c.resources = {{"db"}};
  return c;
}

}  // namespace

TEST_CASE("[X14] very many that wait for one lock begin to reserve it at once, and are served in order") {
  constexpr int many = 100'000;
  std::vector<task_call> calls{wants_db("holder")};
  for (int i = 0; i < many; ++i) calls.push_back(wants_db("t" + std::to_string(i)));
  scheduler s("run", slots(10), {});
  s.begin(std::move(calls), {});
  const auto holder = s.next_start({});
  REQUIRE(holder);
  CHECK_FALSE(s.next_start({}));
  const time_point now = time_point() + 60s;
  s.advance(now);
  CHECK_FALSE(s.next_start(now));
  CHECK(s.why(1, now) == ids{"'t0' waits for 'db', held by 'holder'", "  'holder' is running (attempt 1, for 1 m 00 s)"});
  s.attempt_ended(holder->task, 1, {}, now);
  for (task_index t = 1; t < 100; ++t) {
    const auto next = s.next_start(now);
    REQUIRE(next);
    REQUIRE(next->task == t);
    s.attempt_ended(t, 1, {}, now);
  }
}

TEST_CASE("very many awaited children of several parents go through one lock one after the other") {
  constexpr int parents = 10, each = 1'000;
  hand_run r(slots(parents));
  std::vector<task_call> calls;
  for (int p = 0; p < parents; ++p) calls.push_back(call("p" + std::to_string(p)));
  r.begin(std::move(calls));
  const ids all = r.start();
  REQUIRE(all.size() == parents);
  ids running;
  for (const auto& p : all) {
    for (int i = 0; i < each; ++i) {
      REQUIRE(r.s.spawn(r.at(p), wants_db("c" + std::to_string(i)), r.now, true));
      r.s.attempt_waits(r.at(p), 1, wait_reason::child, r.now);
    }
    for (const auto& id : r.start()) running.push_back(id);
  }
  std::size_t ended = 0;
  while (!running.empty()) {
    REQUIRE(running.size() == 1);
    r.end(running.back());
    running = r.start();
    ++ended;
  }
  CHECK(ended == parents * each);
}
