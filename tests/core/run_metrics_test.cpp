#include <corchestra/core/run_metrics.hpp>

#include <rapidcheck.h>
#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <numeric>

#include "core/event_samples.hpp"
#include "core/hand_run.hpp"
#include "core/run_tally.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using Catch::Approx;

namespace {

struct metrics_sample : event_maker {
  metrics_sample() : event_maker([this](const event& e) { fold(e); }) {}
  metrics_fold fold;
  void at(duration t) { now = time_point(t); }
};

/// The metrics of independent tasks that all start at once and run to their ends.
run_metrics side_by_side(const std::vector<duration>& takes, std::size_t slots) {
  metrics_sample s;
  s.begin(slots);
  std::vector<std::pair<duration, std::string>> ends;
  for (std::size_t i = 0; i < takes.size(); ++i) ends.emplace_back(takes[i], std::to_string(i));
  for (const auto& [d, id] : ends) s.submit(id);
  for (const auto& [d, id] : ends) s.start(id);
  std::sort(ends.begin(), ends.end());
  for (const auto& [d, id] : ends) {
    s.at(d);
    s.complete(id);
  }
  s.end();
  return s.fold.value();
}

}  // namespace

TEST_CASE("[X3][B31] the speed-up is reported with both denominators") {
  const auto m = side_by_side({9230ms, 10140ms, 8910ms}, 5);
  CHECK(m.wall == 10140ms);
  CHECK(m.sequential == 28280ms);
  CHECK(m.speedup() == Approx(2.79).margin(0.005));
  CHECK(m.bound_speedup() == m.speedup());
  CHECK(m.peak_width == 3);
  CHECK(m.slots == 5);
  CHECK(m.efficiency_of_width() == Approx(0.93).margin(0.005));
  CHECK(m.efficiency_of_slots() == Approx(0.56).margin(0.005));
}

TEST_CASE("[B31] speed-up, efficiency and time saved follow the formulas") {
  const auto m = side_by_side({1s, 2s, 3s, 4s}, 8);
  CHECK(m.speedup() == 10.0 / 4);                         // one after another by together
  CHECK(m.efficiency_of_slots() * 100 == 2.5 / 8 * 100);  // by the slots there are
  CHECK(m.sequential - m.wall == 6s);                     // saved
}

TEST_CASE("a task of several slots counts as so many in the bound and in the efficiency of slots") {
  for (const std::uint32_t weight : {2U, 1U}) {
    std::vector<task_call> calls;
    for (int i = 0; i < 3; ++i) calls.push_back(ruled(call("t" + std::to_string(i)), [&](task_rules& t) { t.weight = weight; }));
    metrics_fold fold;
    scheduler s("run", tests::slots(2), [&](const event& e) { fold(e); });
    time_point now{};
    REQUIRE(s.validate(calls));
    s.begin(std::move(calls), now);
    while (!s.finished()) {
      std::vector<task_index> begun;
      while (const auto c = s.next_start(now)) begun.push_back(c->task);
      REQUIRE(!begun.empty());
      now += 1s;
      for (const task_index t : begun) s.attempt_ended(t, 1, {}, now);
    }
    for (const run_metrics& m : {fold.value(), s.metrics(now)}) {
      CHECK(m.sequential == 3s);
      CHECK(m.wall == (weight == 2 ? 3s : 2s));
      CHECK(m.slot_time == (weight == 2 ? 6s : 3s));
      CHECK(m.lower_bound == m.wall);
      CHECK(m.bound_speedup() == m.speedup());
      CHECK(m.efficiency_of_slots() == (weight == 2 ? 1.0 : 0.75));
    }
  }
}

TEST_CASE("[X1] three equal tasks on two slots cannot gain more than 1.5") {
  const auto m = side_by_side({1s, 1s, 1s}, 2);
  CHECK(m.lower_bound == 2s);
  CHECK(m.bound_speedup() == 1.5);
}

TEST_CASE("[X1] the bound is the largest of path, share and pigeonhole") {
  struct row {
    std::vector<duration> takes;
    std::size_t slots;
    duration bound;
  };
  const row rows[] = {
      {{5s, 1s, 1s}, 2, 5s},      // the longest task
      {{1s, 1s, 1s, 1s}, 2, 2s},  // the share of each slot
      {{3s, 3s, 2s}, 2, 5s},      // two of the three share a slot: the shorter two, 3 + 2
      {{4s, 3s}, 1, 7s},         {{}, 2, 0s},
  };
  for (const auto& [takes, slots, bound] : rows) {
    const auto m = side_by_side(takes, slots);
    CHECK(m.lower_bound == bound);
  }
}

TEST_CASE("the longest path goes by measured durations") {
  metrics_sample s;
  s.begin(2);
  s.submit("load");
  s.submit("other");
  s.submit("write", {"load", "other"});
  s.start("load");
  s.start("other");
  s.at(1s);
  s.complete("other");
  s.at(3s);
  s.complete("load");
  s.start("write");
  s.at(5s);
  s.complete("write");
  s.end();
  const auto m = s.fold.value();
  CHECK(m.longest_path == 5s);
  CHECK(m.lower_bound == 5s);
  CHECK(m.sequential == 6s);
  CHECK(m.speedup() == Approx(1.2));
  CHECK(m.average_execution == 2s);
  CHECK(m.average_wait == 1s);
}

TEST_CASE("[C14][E41] counts by state, success rate, usage and a line an agent") {
  metrics_sample s;
  s.begin(4);
  s.submit("a", {}, "researcher");
  s.submit("b", {}, "researcher");
  s.submit("c", {}, "editor");
  s.submit("d", {"b"}, "editor");
  s.start("a");
  s.start("b");
  s.state("d", task_state::waiting, wait_reason::deps);
  CHECK(s.fold.value().count(task_state::running) == 2);
  CHECK(s.fold.value().count(task_state::pending) == 1);
  CHECK(s.fold.value().count(task_state::waiting) == 1);
  CHECK(s.fold.value().success_rate() == 1);
  s.at(1s);
  s.result("a").usage = {.prompt_tokens = 10, .completion_tokens = 5, .calls = 1};
  s.result("b").usage = {.prompt_tokens = 1, .completion_tokens = 0, .calls = 1};
  s.complete("a");
  const error failure = fail(errc::task_failed, "no");
  s.stop("b", &failure);
  s.finish("b", task_state::failed, "no");
  s.finish("d", task_state::skipped, "upstream_failed");
  s.finish("c", task_state::cancelled, "asked");
  s.end("FAILED");
  const auto m = s.fold.value();
  CHECK(m.total_tasks == 4);
  CHECK(m.count(task_state::completed) == 1);
  CHECK(m.count(task_state::failed) == 1);
  CHECK(m.count(task_state::skipped) == 1);
  CHECK(m.count(task_state::cancelled) == 1);
  CHECK(std::accumulate(m.counts.begin(), m.counts.end(), std::size_t{0}) == 4);
  CHECK(m.success_rate() == 0.25);
  CHECK(m.usage == token_usage{11, 5, 0, 0, 2});
  REQUIRE(m.agents.size() == 2);
  CHECK(m.agents.at("researcher").tasks == 2);
  CHECK(m.agents.at("researcher").successes == 1);
  CHECK(m.agents.at("editor").tasks == 2);
  CHECK(m.agents.at("editor").successes == 0);
}

TEST_CASE("only the last attempt counts as work, and back-off does not") {
  metrics_sample s;
  s.begin(1);
  s.submit("a");
  s.at(1s);
  s.start("a");
  s.at(4s);
  const error failure = fail(errc::server_error, "503");
  s.stop("a", &failure);
  s.state("a", task_state::waiting, wait_reason::backoff);
  s.at(9s);
  s.start("a");
  s.at(11s);
  s.stop("a", &failure);
  s.state("a", task_state::waiting, wait_reason::backoff);
  s.at(60s);
  s.finish("a", task_state::cancelled, "asked");
  s.end("CANCELLED");
  const auto m = s.fold.value();
  CHECK(m.sequential == 2s);
  CHECK(m.average_wait == 1s);
  CHECK(m.wall == 60s);
  CHECK(m.peak_width == 1);
}

TEST_CASE("an attempt that waits for its child does not work, and its slot is another's") {
  metrics_sample s;
  s.begin(1);
  s.submit("parent");
  s.start("parent");
  s.at(1s);
  s.submit("parent/1");
  s.state("parent", task_state::running, wait_reason::child);
  s.start("parent/1");
  s.at(4s);
  s.complete("parent/1");
  s.state("parent", task_state::running);
  s.at(6s);
  s.complete("parent");
  s.end();
  const auto m = s.fold.value();
  CHECK(m.peak_width == 1);
  CHECK(m.sequential == 6s);
  CHECK(m.lower_bound == 6s);
  CHECK(m.speedup() == 1);
}

TEST_CASE("a snapshot goes up to now, until the run has ended") {
  metrics_sample s;
  s.begin(1);
  s.at(2s);
  CHECK(s.fold.snapshot(time_point(5s)).wall == 5s);
  s.end();
  CHECK(s.fold.snapshot(time_point(5s)).wall == 2s);
}

TEST_CASE("a run without work has no speed-up to speak of") {
  const auto m = side_by_side({}, 3);
  CHECK(m.speedup() == 1);
  CHECK(m.bound_speedup() == 1);
  CHECK(m.efficiency_of_width() == 0);
  CHECK(m.success_rate() == 1);
  CHECK(m.average_wait == 0s);
}

TEST_CASE("snapshots on the way change nothing in the end") {
  REQUIRE(rc::check("snapshots", [](const std::vector<unsigned char>& takes) {
    metrics_sample quiet, watched;
    duration sum{};
    for (metrics_sample* s : {&quiet, &watched}) {
      s->begin(3);
      s->at(0s);
      for (std::size_t i = 0; i < takes.size(); ++i) {
        const std::string id = std::to_string(i);
        s->submit(id);
        s->start(id);
        s->now += std::chrono::milliseconds(takes[i]);
        s->complete(id);
        if (s == &watched) {
          sum += std::chrono::milliseconds(takes[i]);
          RC_ASSERT(s->fold.value().sequential == sum);
        }
      }
      s->end();
    }
    RC_ASSERT(quiet.fold.value().lower_bound == watched.fold.value().lower_bound);
  }));
}

TEST_CASE("the average wait is right, however long all have waited together") {
  detail::run_tally tally(false, 1);
  for (int i = 0; i < 5; ++i) tally.starts(duration::max() - duration(i));
  CHECK(tally.at({}).average_wait == duration::max() - duration(2));
}
