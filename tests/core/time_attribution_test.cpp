#include <corchestra/core/time_attribution.hpp>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include "core/event_samples.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

using keep = time_attribution::keep;

struct attribution_sample : event_maker {
  explicit attribution_sample(keep what = keep::tasks) : event_maker([this](const event& e) { fold(e); }), fold(what) {}
  time_attribution fold;
  void at(duration t) { now = time_point(t); }
  time_shares of(const std::string& id) { return fold.of(number(id)).value(); }
};

/// One second of everything that can hold a task up, and of work in between.
void live_through_all(attribution_sample& s) {
  s.begin(1);
  s.submit("a", {"x"});
  const auto step = [&](task_state state, wait_reason w) {
    s.now += 1s;
    s.state("a", state, w);
  };
  step(task_state::waiting, wait_reason::approval);
  step(task_state::waiting, wait_reason::budget);
  step(task_state::waiting, wait_reason::rate);
  step(task_state::waiting, wait_reason::lock);
  step(task_state::waiting, wait_reason::paused);
  step(task_state::ready, wait_reason::none);
  s.now += 1s;
  s.start("a");
  step(task_state::running, wait_reason::child);
  step(task_state::running, wait_reason::none);
  s.now += 1s;
  const error failure = fail(errc::server_error, "503");
  s.stop("a", &failure, 1s);
  s.state("a", task_state::waiting, wait_reason::backoff);
  s.now += 1s;
  s.start("a");
  s.now += 1s;
  s.complete("a");
}

}  // namespace

TEST_CASE("[B38] a task's time is told apart by what it waited for") {
  attribution_sample s;
  live_through_all(s);
  const time_shares t = s.of("a");
  for (int u = 0; u < time_use_count; ++u) {
    const auto use = static_cast<time_use>(u);
    CAPTURE(to_string(use));
    CHECK(t[use] == (use == time_use::run ? 3s : 1s));
  }
  CHECK(t.total() == 12s);
  CHECK(t.lost() == 9s);
  CHECK(s.fold.totals() == t);
}

TEST_CASE("a task without dependencies that waits unexplained waits for a slot") {
  attribution_sample s;
  s.begin(1);
  s.submit("a");
  s.submit("b", {"a"});
  s.at(2s);
  s.start("a");
  s.at(5s);
  s.complete("a");
  s.start("b");
  s.at(6s);
  s.complete("b");
  CHECK(s.of("a")[time_use::slot] == 2s);
  CHECK(s.of("a")[time_use::run] == 3s);
  CHECK(s.of("b")[time_use::deps] == 5s);
  CHECK(s.of("b")[time_use::run] == 1s);
}

TEST_CASE("tasks under way count up to the moment that is asked about") {
  attribution_sample s;
  s.begin(1);
  s.submit("a");
  s.at(1s);
  s.start("a");
  s.at(3s);
  s.submit("b");
  CHECK(s.of("a")[time_use::run] == 2s);
  CHECK(s.fold.totals(time_point(4s))[time_use::run] == 3s);
  CHECK(s.fold.totals(time_point(4s))[time_use::slot] == 1s + 1s);
}

TEST_CASE("a task that never started has no time of work") {
  attribution_sample s;
  s.begin(1);
  s.submit("a", {"x"});
  s.state("a", task_state::waiting, wait_reason::deps);
  s.at(4s);
  s.finish("a", task_state::skipped, "upstream_failed");
  CHECK(s.of("a")[time_use::deps] == 4s);
  CHECK(s.of("a")[time_use::run] == 0s);
  CHECK(s.of("a").total() == 4s);
}

TEST_CASE("totals alone remember nothing of ended tasks") {
  attribution_sample s(keep::totals);
  live_through_all(s);
  CHECK_FALSE(s.fold.of(s.number("a")));
  CHECK(s.fold.totals().total() == 12s);
  CHECK_FALSE(s.fold.of(12345));
}

TEST_CASE("spans tell in order what came before each attempt") {
  attribution_sample s(keep::spans);
  live_through_all(s);
  std::vector<time_use> uses;
  for (const auto& span : s.fold.spans(s.number("a"))) uses.push_back(span.use);
  CHECK(uses == std::vector<time_use>{time_use::deps, time_use::approval, time_use::budget, time_use::rate,
                                      time_use::lock, time_use::paused, time_use::slot, time_use::run,
                                      time_use::backoff, time_use::run});
  CHECK(s.fold.spans(s.number("a"))[8].from == time_point(10s));
}

TEST_CASE("[I6] the shares of every task sum up to its wall time, whatever happens") {
  REQUIRE(rc::check("shares", [] {
    attribution_sample s(keep::spans);
    s.begin(3);
    const int tasks = *rc::gen::inRange(1, 8);
    std::vector<time_point> submitted, ended(static_cast<std::size_t>(tasks));
    std::vector<char> running(static_cast<std::size_t>(tasks)), over(static_cast<std::size_t>(tasks));
    for (int i = 0; i < tasks; ++i) {
      s.now += duration(*rc::gen::inRange(0, 1000));
      submitted.push_back(s.now);
      s.submit(std::to_string(i),
               *rc::gen::arbitrary<bool>() ? std::vector<std::string>{"x"} : std::vector<std::string>{});
    }
    const int steps = *rc::gen::inRange(0, 60);
    for (int n = 0; n < steps; ++n) {
      s.now += duration(*rc::gen::inRange(0, 1000));
      const auto i = static_cast<std::size_t>(*rc::gen::inRange(0, tasks));
      if (over[i]) continue;
      const std::string id = std::to_string(i);
      const auto w = static_cast<wait_reason>(*rc::gen::inRange(0, 9));
      const int what = *rc::gen::inRange(0, 5);
      if (what == 0) {
        s.finish(id, task_state::cancelled, "asked");
        ended[i] = s.now;
        over[i] = true;
      } else if (running[i] && what == 1) {
        s.stop(id, nullptr, *rc::gen::arbitrary<bool>() ? optional_duration(1s) : optional_duration());
        s.state(id, task_state::waiting, wait_reason::backoff);
        running[i] = false;
      } else if (running[i]) {
        s.state(id, task_state::running, w);
      } else if (what == 1) {
        s.start(id);
        running[i] = true;
      } else {
        s.state(id, w == wait_reason::none ? task_state::ready : task_state::waiting, w);
      }
    }
    time_shares sum;
    for (std::size_t i = 0; i < over.size(); ++i) {
      const time_shares t = s.of(std::to_string(i));
      RC_ASSERT(t.total() == (over[i] ? ended[i] : s.now) - submitted[i] ||
                (!over[i] && t.total() <= s.now - submitted[i]));
      for (const duration d : t.spent) RC_ASSERT(d >= duration::zero());
      sum += t;
    }
    RC_ASSERT(s.fold.totals() == sum);
  }));
}
