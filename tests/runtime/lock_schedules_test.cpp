// Random tasks with random locks, whose bodies return, fail, throw or are cancelled.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>

#include <map>
#include <random>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;

namespace {

/// What the bodies of one run see of each other at the locks.
class witness {
 public:
  class stay {
   public:
    stay(witness& w, std::vector<resource_request> locks) : witness_(w), locks_(std::move(locks)) {
      for (const auto& l : locks_) {
        auto& [writers, readers] = witness_.inside_[l.id];
        ++(l.mode == lock_mode::exclusive ? writers : readers);
        if (writers > 1 || (writers == 1 && readers > 0)) ++witness_.conflicts;
      }
    }
    stay(const stay&) = delete;
    ~stay() {
      for (const auto& l : locks_) {
        auto& [writers, readers] = witness_.inside_[l.id];
        --(l.mode == lock_mode::exclusive ? writers : readers);
      }
    }

   private:
    witness& witness_;
    std::vector<resource_request> locks_;
  };
  int conflicts = 0;

 private:
  std::map<std::string, std::pair<int, int>> inside_;
};

struct schedule {
  explicit schedule(std::uint64_t seed) : random(seed) {}
  std::size_t below(std::size_t n) { return random() % n; }

  /// Each lock once: asking twice would only be read as the stronger of the two.
  std::vector<resource_request> some_locks() {
    std::vector<resource_request> some;
    for (const char* id : {"db", "gpu", "file:a", "service:mail"}) {
      if (below(3) == 0) some.push_back({id, below(2) == 0 ? lock_mode::exclusive : lock_mode::shared});
    }
    return some;
  }

  awaitable<result<task_output>> body(task_context c) {
    const witness::stay here(seen, c.task().resources);
    const auto what = c.task().context["what"].get<int>();
    co_await sleep_for(std::chrono::milliseconds(c.task().context["ms"].get<int>()));
    if (what == 0) throw std::runtime_error("thrown with locks in hand");
    if (what == 1) co_return fail(errc::task_failed, "failed with locks in hand", retry_class::transient);
    if (what == 2) co_await sleep_for(1h);  // until it is cancelled
    co_return task_output{};
  }

  task_plan make() {
    std::vector<task_call> calls;
    for (std::size_t i = 0, n = 2 + below(12); i < n; ++i) {
      calls.push_back(task(std::to_string(i), {}, static_cast<int>(below(3))));
      calls.back().resources = some_locks();
      calls.back().context = {{"what", below(6)}, {"ms", below(50)}};
      if (below(3) == 0)
        calls.back().retry = retry_policy{.max_retries = 1, .first_delay = std::chrono::milliseconds(below(40))};
    }
    return plan(std::move(calls), static_cast<std::uint32_t>(1 + below(6)));
  }

  void play() {
    testing::virtual_time_context time;
    orchestrator o(time.executor());
    o.agents().add("a", make_agent([this](task_context c) { return body(std::move(c)); }));
    auto p = make();
    const auto tasks = p.tasks.size();
    auto r = o.start(std::move(p)).value();
    auto all = [&]() -> awaitable<void> {
      for (std::size_t i = 0; i < tasks; ++i) {
        co_await sleep_for(std::chrono::milliseconds(below(30)));
        co_await r.cancel_task(std::to_string(below(tasks)));
      }
      co_await sleep_for(10s);
      if (below(2) == 0) {
        co_await r.cancel();
      } else {
        for (std::size_t i = 0; i < tasks; ++i) {
          co_await r.cancel_task(std::to_string(i));
          co_await sleep_for(1s);
        }
      }
      end = co_await r.wait();
      held = co_await r.locks();
    };
    time.run(all());
  }

  std::mt19937_64 random;
  witness seen;
  run_result end;
  std::vector<lock_status> held;
};

}  // namespace

TEST_CASE("[I2][L4] however bodies end, nobody meets another at a lock, and all locks are free in the end") {
  std::map<task_state, int> ended;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    schedule s(seed);
    s.play();
    INFO("seed " << seed);
    REQUIRE(s.seen.conflicts == 0);
    for (const auto& l : s.held) {
      INFO(l.resource);
      REQUIRE(l.holders.empty());
      REQUIRE(l.waiters.empty());
    }
    REQUIRE(s.end.quarantined.empty());
    for (const auto& t : s.end.results) ++ended[t.state];
  }
  CHECK(ended[task_state::completed] > 1000);
  CHECK(ended[task_state::failed] > 1000);
  CHECK(ended[task_state::cancelled] > 1000);
}
