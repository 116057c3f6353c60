#include <corchestra/core/forecast.hpp>

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "core/event_samples.hpp"
#include "core/latest_end.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using Catch::Approx;

namespace {

struct sample : event_maker {
  explicit sample(std::shared_ptr<const duration_book> book = {})
      : event_maker([this](const event& e) { fold(e); }), fold(std::move(book)) {}
  forecast fold;
  double p50() { return to_seconds(fold.remaining(now).value().p50); }
  double p90() { return to_seconds(fold.remaining(now).value().p90); }

  void submit_typed(const std::string& id, const std::string& type, std::vector<std::string> depends_on = {}) {
    submit(id, std::move(depends_on), "worker", "", type);
  }
  /// Tasks of a type that all take the same.
  void teach(const std::string& type, duration takes, int times = 3) {
    for (int i = 0; i < times; ++i) {
      const std::string id = "taught " + type + std::to_string(i);
      submit_typed(id, type);
      start(id);
      now += takes;
      complete(id);
    }
  }
};

/// A run of tasks with made-up durations; whether the forecasts on the way were long enough.
struct judged_run {
  int asked = 0, within_p50 = 0, within_p90 = 0;

  void run(unsigned seed, int tasks, std::size_t slots, double chained, double spread) {
    std::mt19937 random(seed);
    std::lognormal_distribution<double> takes(std::log(10), spread);
    sample s;
    s.begin(slots);
    std::map<std::string, std::set<std::string>> missing;
    for (int i = 0; i < tasks; ++i) {
      const std::string id = std::to_string(i);
      std::vector<std::string> needs;
      if (i > 0 && std::uniform_real_distribution<>()(random) < chained) {
        needs.push_back(std::to_string(std::uniform_int_distribution<>(std::max(0, i - 6), i - 1)(random)));
      }
      missing[id] = {needs.begin(), needs.end()};
      s.submit_typed(id, "t", needs);
    }
    std::multimap<time_point, std::string> running;
    std::vector<std::pair<time_point, eta>> forecasts;
    while (!missing.empty() || !running.empty()) {
      for (auto it = missing.begin(); it != missing.end() && running.size() < slots;) {
        if (it->second.empty()) {
          s.start(it->first);
          running.emplace(s.now + from_seconds(takes(random)), it->first);
          it = missing.erase(it);
        } else {
          ++it;
        }
      }
      if (const auto f = s.fold.remaining(s.now)) forecasts.emplace_back(s.now, *f);
      const auto [at, id] = *running.begin();
      running.erase(running.begin());
      s.now = at;
      s.complete(id);
      for (auto& [other, needs] : missing) needs.erase(id);
    }
    for (const auto& [at, f] : forecasts) {
      ++asked;
      within_p50 += s.now <= at + f.p50;
      within_p90 += s.now <= at + f.p90;
    }
  }
  double part_within_p50() const { return static_cast<double>(within_p50) / asked; }
  double part_within_p90() const { return static_cast<double>(within_p90) / asked; }
};

}  // namespace

TEST_CASE("the forecast is unknown before three samples") {
  sample s;
  s.begin(1);
  s.submit_typed("left", "x");
  s.teach("x", 2s, 2);
  CHECK_FALSE(s.fold.remaining(s.now));
  s.teach("x", 2s, 1);
  CHECK(s.p50() == Approx(2).margin(0.01));
}

TEST_CASE("nothing left takes no time") {
  sample s;
  s.begin(1);
  s.teach("x", 2s);
  CHECK(s.fold.tasks_left() == 0);
  CHECK(s.fold.remaining(s.now)->p90 == 0s);
}

TEST_CASE("work is spread over the slots, chains are not") {
  sample s;
  s.begin(4);
  s.teach("x", 2s, 6);
  for (int i = 0; i < 40; ++i) s.submit_typed("free" + std::to_string(i), "x");
  CHECK(s.p50() == Approx(40 * 2.0 / 4).epsilon(0.05));
  for (int i = 0; i < 30; ++i) {
    s.submit_typed("chain" + std::to_string(i), "x",
                   i > 0 ? std::vector{"chain" + std::to_string(i - 1)} : std::vector<std::string>{});
  }
  CHECK(s.p50() == Approx(60).epsilon(0.05));
}

TEST_CASE("each task type has its own mean, unknown ones that of their agent or of all") {
  sample s;
  s.begin(1);
  s.teach("slow", 10s, 4);
  s.teach("fast", 1s, 4);
  s.submit_typed("a", "slow");
  CHECK(s.p50() == Approx(10).epsilon(0.01));
  s.submit_typed("b", "fast");
  CHECK(s.p50() == Approx(11).epsilon(0.01));
  s.submit("c", {}, "other", "", "new");
  CHECK(s.p50() == Approx(11 + 5.5).epsilon(0.01));
  s.submit_typed("d", "new");
  const double by_agent = s.fold.durations().find("", "worker")->mean_seconds;
  CHECK(s.p50() == Approx(11 + 5.5 + by_agent).epsilon(0.01));
}

TEST_CASE("a given duration needs no samples") {
  sample s;
  s.begin(1);
  s.call("a").rules.emplace().expected_duration = 8s;
  s.submit("a");
  CHECK(s.p50() == Approx(8));
  CHECK(s.p90() > 9);
}

TEST_CASE("what earlier runs took is known from the start") {
  auto book = std::make_shared<duration_book>();
  for (int i = 0; i < 5; ++i) book->learn("x", "worker", 3s);
  sample s(book);
  s.begin(1);
  s.submit_typed("a", "x");
  CHECK(s.p50() == Approx(3));
  CHECK(s.fold.durations().find("x", "worker")->samples == 5);
}

TEST_CASE("a running task has done part of its work; one that takes longer than usual has something left") {
  sample s;
  s.begin(1);
  for (const duration d : {8s, 10s, 12s, 10s, 9s, 11s}) s.teach("x", d, 1);
  s.submit_typed("a", "x");
  s.start("a");
  const double all = s.p50();
  s.now += 4s;
  CHECK(s.p50() == Approx(all - 4).margin(0.2));
  s.now += 96s;
  CHECK(s.p50() > 0);
  CHECK(s.p50() <= 100);
}

TEST_CASE("a back-off delays the chain, and time inside a wait is no work") {
  sample s;
  s.begin(1);
  s.teach("x", 2s, 6);
  s.submit_typed("a", "x");
  s.start("a");
  s.now += 1s;
  s.state("a", task_state::running, wait_reason::child);
  s.now += 50s;
  CHECK(s.p50() == Approx(1).margin(0.1));
  s.state("a", task_state::running);
  const error failure = fail(errc::server_error, "503");
  s.stop("a", &failure, 30s);
  s.state("a", task_state::waiting, wait_reason::backoff);
  CHECK(s.p50() == Approx(32).margin(0.1));
  s.now += 30s;
  CHECK(s.p50() == Approx(2).margin(0.1));
}

TEST_CASE("who waits for a subtree waits for everything under it, and a parent for its child") {
  sample s;
  s.begin(10);
  s.teach("x", 2s, 6);
  s.submit_typed("plan", "x");
  s.submit_typed("last", "x", {"plan/*"});
  CHECK(s.p50() == Approx(4).epsilon(0.05));
  s.submit("plan/a", {}, "worker", "plan", "x");
  s.submit("plan/a/b", {"plan/a"}, "worker", "plan/a", "x");
  CHECK(s.p50() == Approx(6).epsilon(0.05));
  s.start("plan");
  s.state("plan", task_state::running, wait_reason::child);
  CHECK(s.p50() == Approx(6).epsilon(0.05));
  s.submit("plan/a/b/c", {"plan/a/b"}, "worker", "plan/a/b", "x");
  CHECK(s.p50() == Approx(8).epsilon(0.05));
}

TEST_CASE("the 90 % forecast is farther off the less regular tasks are") {
  sample even, uneven;
  for (sample* s : {&even, &uneven}) s->begin(2);
  for (int i = 0; i < 8; ++i) {
    even.teach("x", 10s, 1);
    uneven.teach("x", i % 2 == 0 ? 5s : 15s, 1);
  }
  for (sample* s : {&even, &uneven})
    for (int i = 0; i < 20; ++i) s->submit_typed(std::to_string(i), "x");
  CHECK(even.p90() == Approx(even.p50()).epsilon(0.01));
  CHECK(uneven.p90() > 1.15 * uneven.p50());
}

TEST_CASE("forecasts come true about as often as they say") {
  judged_run all;
  for (unsigned seed = 0; seed < 60; ++seed) {
    all.run(seed, 40, 4, 0.5, 0.4);
    all.run(seed, 60, 8, 0.0, 0.4);
    all.run(seed, 30, 30, 0.9, 0.4);
  }
  CAPTURE(all.part_within_p50(), all.part_within_p90(), all.asked);
  CHECK(all.part_within_p50() > 0.35);
  CHECK(all.part_within_p50() < 0.70);
  CHECK(all.part_within_p90() > 0.78);
  CHECK(all.part_within_p90() < 0.97);
}

TEST_CASE("the latest of several normal ends") {
  using detail::latest_end;
  CHECK(latest_end({}, 0.5) == 0);
  CHECK(latest_end({{3, 0}, {5, 0}}, 0.9) == 5);
  CHECK(latest_end({{5, 4}}, 0.5) == Approx(5));
  CHECK(latest_end({{5, 4}}, 0.9) == Approx(5 + 2 * 1.2816).epsilon(1e-3));
  CHECK(latest_end({{5, 4}, {5, 4}}, 0.25) == Approx(5));
  CHECK(latest_end({{5, 4}, {1, 0.01}}, 0.9) == Approx(5 + 2 * 1.2816).epsilon(1e-3));
}

TEST_CASE("what is left of a time shrinks at first, grows when it is late, and is never nothing") {
  using detail::what_is_left;
  CHECK(what_is_left({10, 4}, 0).mean == 10);
  CHECK(what_is_left({10, 4}, 1).mean == Approx(9).epsilon(1e-3));
  CHECK(what_is_left({10, 4}, 1).variance == Approx(4).epsilon(1e-2));
  CHECK(what_is_left({10, 4}, 10).mean == Approx(1.7).epsilon(0.1));
  CHECK(what_is_left({10, 4}, 100).mean > what_is_left({10, 4}, 20).mean);
  for (const double late : {1e2, 1e4, 1e8}) {
    CHECK(what_is_left({10, 4}, late).mean > 0);
    CHECK(what_is_left({10, 4}, late).mean < late);
  }
  CHECK(what_is_left({10, 0}, 4).mean == 6);
  CHECK(what_is_left({10, 0}, 40).mean == 0);
}

TEST_CASE("progress weighs tasks by what they are expected to take") {
  forecast f;
  const auto tell = [&](event_type type, task_index t, double progress = 0, std::chrono::seconds expected = {}) {
    task_call c;
    if (expected.count() > 0) c.rules.get_or_emplace().expected_duration = expected;
    event e;
    e.type = type;
    e.task = t;
    e.progress = progress;
    e.call = type == event_type::task_submitted ? &c : nullptr;
    e.state = type == event_type::task_ended ? task_state::completed : task_state::running;
    f(e);
  };
  CHECK(f.progress() == 0);
  tell(event_type::task_submitted, 0, 0, std::chrono::seconds(30));
  tell(event_type::task_submitted, 1, 0, std::chrono::seconds(10));
  tell(event_type::task_ended, 1);
  CHECK(f.progress() == 0.25);
  tell(event_type::attempt_started, 0);
  tell(event_type::task_progress, 0, 0.5);
  CHECK(f.progress() == 0.625);
  tell(event_type::attempt_ended, 0);
  CHECK(f.progress() == 0.25);
  tell(event_type::task_ended, 0);
  CHECK(f.progress() == 1);
}
