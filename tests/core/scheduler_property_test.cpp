// The scheduler against random plans, failures, cancellations, children and clocks: whatever happens, the invariants hold.
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/scheduler.hpp>

#include <catch2/catch_test_macros.hpp>
#include <rapidcheck.h>

#include <map>
#include <random>
#include <set>

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

// What a random world does to a scheduler, and what an observer who knows only the events must find true.
class world {
 public:
  world(std::uint64_t seed, std::size_t size) : random_(seed), size_(size) {}

  void run() {
    run_options o;
    o.limits.max_concurrent_tasks = static_cast<std::uint32_t>(pick(1, 6));
    o.retry.max_retries = pick(0, 2);
    o.fail_fast = chance(10);
    o.seed = random_();
    if (chance(20)) o.limits.run_timeout = std::chrono::seconds(pick(1, 60));
    if (chance(15)) o.mode = scheduling_mode::sequential;
    slots_ = o.mode == scheduling_mode::sequential ? 1 : o.limits.max_concurrent_tasks;
    scheduler s("run", o, [this](const event& e) { observe(e); });
    const auto calls = random_plan();
    RC_ASSERT(s.validate(calls).has_value());
    s.begin(calls, now_);
    for (int step = 0; !s.finished(); ++step) {
      RC_ASSERT(step < 200'000);  // it ends
      act(s);
    }
    check_end(s);
  }

  std::string log;  // every event, for determinism

 private:
  struct body {
    task_index task;
    std::uint32_t attempt;
    time_point ends;
    bool deaf;      // does not react to being asked to stop
    bool waiting = false;
    bool wants = false;
  };

  int pick(int from, int to) { return from + static_cast<int>(random_() % static_cast<std::uint64_t>(to - from + 1)); }
  bool chance(int percent) { return pick(1, 100) <= percent; }

  task_call random_call(std::string id) {
    task_call c;
    c.id = std::move(id);
    c.agent = chance(50) ? "a" : "b";
    c.priority = pick(0, 3) * 10;
    for (int i = pick(-2, 2); i > 0; --i) {
      c.resources.push_back({"r" + std::to_string(pick(0, 3)), chance(50) ? lock_mode::shared : lock_mode::exclusive});
    }
    if (chance(10)) c.limits.start_to_close = std::chrono::seconds(pick(1, 4));
    if (chance(5)) c.limits.schedule_to_start = std::chrono::seconds(pick(1, 20));
    if (chance(5)) c.limits.schedule_to_close = std::chrono::seconds(pick(1, 30));
    if (chance(5)) c.limits.heartbeat_timeout = std::chrono::seconds(pick(1, 3));
    return c;
  }

  std::vector<task_call> random_plan() {
    std::vector<task_call> calls;
    const int n = pick(0, static_cast<int>(size_));
    for (int i = 0; i < n; ++i) {
      auto c = random_call("t" + std::to_string(i));
      for (int d = pick(-1, 3); d > 0 && i > 0; --d) c.depends_on.push_back("t" + std::to_string(pick(0, i - 1)));
      calls.push_back(std::move(c));
    }
    std::shuffle(calls.begin(), calls.end(), random_);
    return calls;
  }

  void act(scheduler& s) {
    while (const auto c = s.next_start(now_)) {
      if (c->resume) {
        auto& b = find(c->task);
        b.waiting = b.wants = false;
      } else {
        bodies_.push_back({c->task, c->attempt, now_ + std::chrono::milliseconds(pick(0, 6000)), chance(5)});
      }
      RC_ASSERT(s.slots_in_use() <= slots_);
    }
    for (const auto& a : s.take_aborts()) {
      for (auto& b : bodies_) {
        if (b.task == a.task && b.attempt == a.attempt && !a.abandoned && !b.deaf) {
          b.ends = now_;
          b.waiting = b.wants = false;
        }
      }
    }
    disturb(s);
    // Time moves to whatever is next: a body's end or a deadline.
    time_point next = time_point::max();
    for (const auto& b : bodies_) {
      if (!b.wants) next = std::min(next, b.ends);
    }
    if (const auto due = s.next_deadline()) next = std::min(next, *due);
    if (next == time_point::max()) return;
    now_ = std::max(now_, next);
    s.advance(now_);
    for (std::size_t i = 0; i < bodies_.size(); ++i) {
      auto& b = bodies_[i];
      if (b.wants || b.ends > now_) continue;
      if (b.waiting) {
        b.wants = true;
        b.ends = now_ + 1s;
        s.attempt_leaves_wait(b.task, b.attempt);
        (void)s.attempt_wants_slot(b.task, b.attempt, now_);
        if (is_terminal(s.state(b.task))) b.wants = false;
        continue;
      }
      const body done = b;
      bodies_.erase(bodies_.begin() + static_cast<std::ptrdiff_t>(i--));
      end(s, done);
    }
  }

  body& find(task_index t) {
    for (auto& b : bodies_) {
      if (b.task == t) return b;
    }
    RC_FAIL("a command for a task without a body");
  }

  void end(scheduler& s, const body& b) {
    scheduler::attempt_end e;
    if (chance(20)) e.failure = fail(errc::task_failed, "random", chance(20) ? retry_class::terminal : retry_class::unspecified);
    e.output = json(b.task);
    const bool expected = !is_terminal(s.state(b.task));
    RC_ASSERT(s.attempt_ended(b.task, b.attempt, e, now_) == expected);
    if (!expected) holds_.erase(s.call(b.task).id);  // given up earlier: its locks come back without an event
    RC_ASSERT(!s.attempt_ended(b.task, b.attempt, e, now_));  // a second end of the same attempt is refused
  }

  void disturb(scheduler& s) {
    if (s.size() == 0 || s.finished()) return;
    const auto any = static_cast<task_index>(random_() % s.size());
    if (chance(4)) s.cancel_task(any, cancel_reason::user, "", now_);
    if (chance(1) && chance(30)) s.cancel_agent("a", "", now_);
    if (chance(1) && chance(30)) s.cancel_run(cancel_reason::user, "", now_);
    if (chance(1) && chance(20)) s.drain(now_);
    if (!bodies_.empty() && !s.finished()) {
      auto& b = bodies_[random_() % bodies_.size()];
      const bool current = !is_terminal(s.state(b.task)) && s.attempt(b.task) == b.attempt;
      if (current && chance(10) && !b.waiting && !s.abort_requested(b.task)) {
        b.waiting = true;
        s.attempt_waits(b.task, b.attempt, wait_reason::rate, now_);
      }
      if (current && chance(5)) (void)s.stage(b.task, b.attempt, random_call(""));
      if (current && chance(5)) (void)s.spawn(b.task, random_call(""), now_);
      if (chance(20)) s.progress(b.task, b.attempt, pick(0, 100) / 100.0, "", now_);
    }
    if (chance(3)) (void)s.submit({random_call("late" + std::to_string(late_++))}, now_);
  }

  // The reference: what the events alone say.
  struct seen {
    task_call call;
    task_state state = task_state::pending;
    bool ended = false, running = false;
    int attempts = 0;
    double progress = 0;
  };

  void observe(const event& e) {
    RC_ASSERT(e.seq == ++seq_);
    RC_ASSERT(e.at >= last_);
    last_ = e.at;
    log += dump_json(to_record(e, {})) + "\n";
    metrics_(e);
    if (e.task_id.empty()) return;
    auto& t = seen_[std::string(e.task_id)];
    switch (e.type) {
      case event_type::task_submitted: t.call = *e.call; break;
      case event_type::attempt_started: {
        RC_ASSERT(!t.ended);
        RC_ASSERT(!t.running);
        for (const auto& d : t.call.depends_on) RC_ASSERT(seen_.at(d).state == task_state::completed);
        for (const auto& r : t.call.resources) {
          for (const auto& [id, other] : seen_) {
            if (!holds_.contains(id) || id == e.task_id) continue;
            for (const auto& o : other.call.resources) {
              RC_ASSERT(o.id != r.id || (mode(t.call, r.id) == lock_mode::shared && mode(other.call, r.id) == lock_mode::shared));
            }
          }
        }
        holds_.insert(std::string(e.task_id));
        t.running = true;
        t.progress = 0;
        ++t.attempts;
        break;
      }
      case event_type::attempt_ended:
        RC_ASSERT(t.running);
        t.running = false;
        if (!e.data.is_object() || e.data.value("outcome", "") != "abandoned") holds_.erase(std::string(e.task_id));
        break;
      case event_type::task_progress:
        RC_ASSERT(e.progress >= t.progress);
        t.progress = e.progress;
        break;
      case event_type::task_state_changed:
        RC_ASSERT(!t.ended);
        RC_ASSERT(e.state != task_state::waiting || e.waiting != wait_reason::none);
        break;
      case event_type::warning: RC_FAIL("an illegal transition: " + log.substr(log.size() > 400 ? log.size() - 400 : 0));
      case event_type::task_ended:
        RC_ASSERT(!t.ended);  // exactly once
        RC_ASSERT(!t.running);
        t.ended = true;
        t.state = e.result->state;
        RC_ASSERT(is_terminal(t.state));
        RC_ASSERT(t.state == task_state::completed || !e.result->reason.empty());  // everything else says why
        break;
      default: break;
    }
  }

  static lock_mode mode(const task_call& c, const std::string& id) {
    auto m = lock_mode::shared;
    for (const auto& r : c.resources) {
      if (r.id == id && r.mode == lock_mode::exclusive) m = lock_mode::exclusive;
    }
    return m;
  }

  void check_end(scheduler& s) {
    const bool drained = s.state() == run_state::interrupted;
    for (const auto& [id, t] : seen_) RC_ASSERT(t.ended || drained);
    RC_ASSERT(s.slots_in_use() == 0u);
    RC_ASSERT(s.running().empty());
    RC_ASSERT(!s.next_deadline().has_value());
    if (drained) {
      RC_ASSERT(s.unfinished() > 0u);
    } else {
      RC_ASSERT(s.unfinished() == 0u);
      const auto bad = std::any_of(seen_.begin(), seen_.end(), [](const auto& t) { return t.second.state != task_state::completed; });
      RC_ASSERT((s.state() == run_state::completed) == !bad);
    }
    // Bodies that were given up end at last: their locks come back, their results are refused.
    for (const auto& b : bodies_) {
      scheduler::attempt_end e;
      RC_ASSERT(!s.attempt_ended(b.task, b.attempt, e, now_));
    }
    for (const auto& l : s.locks()) RC_ASSERT(l.holders.empty());
    RC_ASSERT(metrics_.value().peak_width <= seen_.size());
  }

  std::mt19937_64 random_;
  std::size_t size_;
  std::size_t slots_ = 0;
  time_point now_{};
  std::vector<body> bodies_;
  std::map<std::string, seen> seen_;
  std::set<std::string> holds_;  // tasks whose attempt has their locks, abandoned ones included
  metrics_fold metrics_;
  std::uint64_t seq_ = 0;
  time_point last_{};
  int late_ = 0;
};

}  // namespace

TEST_CASE("whatever is asked, cancelled, failed or late, a run ends with everything free and accounted for") {
  REQUIRE(rc::check("scheduler invariants", [] {
    for (int i = 0; i < 10; ++i) {
      const auto seed = *rc::gen::arbitrary<std::uint64_t>();
      const auto size = *rc::gen::inRange<std::size_t>(1, 40);
      world w(seed, size);
      w.run();
    }
  }));
}

TEST_CASE("seeds that once found a fault, in the engine or in this observer") {
  for (const auto [seed, size] : {std::pair<std::uint64_t, std::size_t>{969, 25}, {17062835162730399, 14}}) {
    world w(seed, size);
    w.run();
  }
}

TEST_CASE("the same seed gives the same events, byte for byte") {
  REQUIRE(rc::check("determinism", [](std::uint64_t seed) {
    world a(seed, 25), b(seed, 25);
    a.run();
    b.run();
    RC_ASSERT(a.log == b.log);
  }));
}

TEST_CASE("Graham's bound holds whenever slots are the only limit") {
  REQUIRE(rc::check("makespan <= T1/P + (1 - 1/P) * Tinf", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto slots = static_cast<std::uint32_t>(1 + random() % 6);
    std::vector<task_call> calls;
    std::map<std::string, duration> takes;
    const int n = 1 + static_cast<int>(random() % 40);
    for (int i = 0; i < n; ++i) {
      task_call c;
      c.id = "t" + std::to_string(i);
      for (int d = static_cast<int>(random() % 3); d > 0 && i > 0; --d) c.depends_on.push_back("t" + std::to_string(random() % static_cast<unsigned>(i)));
      takes[c.id] = std::chrono::milliseconds(1 + random() % 5000);
      calls.push_back(std::move(c));
    }
    run_options o;
    o.limits.max_concurrent_tasks = slots;
    metrics_fold metrics;
    scheduler s("run", o, [&](const event& e) { metrics(e); });
    time_point now{};
    std::multimap<time_point, task_index> ends;
    s.begin(calls, now);
    while (!s.finished()) {
      while (const auto c = s.next_start(now)) ends.emplace(now + takes.at(s.call(c->task).id), c->task);
      RC_ASSERT(!ends.empty());
      now = ends.begin()->first;
      const task_index t = ends.begin()->second;
      ends.erase(ends.begin());
      s.attempt_ended(t, 1, {}, now);
    }
    const auto m = metrics.value();
    const double p = slots, t1 = to_seconds(m.sequential), tinf = to_seconds(m.longest_path), made = to_seconds(m.wall);
    RC_ASSERT(made <= t1 / p + (1 - 1 / p) * tinf + 1e-9);
    RC_ASSERT(made >= to_seconds(m.lower_bound) - 1e-9);
  }));
}
