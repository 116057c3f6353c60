// What holds whatever goes wrong: faults by seed, times orders of what is ready at the same moment.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/testing/interleaving_explorer.hpp>

#include "runtime/fault_world.hpp"

using namespace corchestra;
using tests::fault_world;

namespace {

using judge = std::function<void(fault_world&, const run_result&)>;

/// Plays 60 seeds of faults, half of them with cancelled runs, in 10 orders each.
void explore(const judge& holds) {
  std::size_t strikes = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto found =
        testing::interleaving_explorer(10, seed * 1000).explore([&](testing::virtual_time_context& time) {
          fault_world w(time, seed, seed % 2 == 0 ? fault_world::cancels::yes : fault_world::cancels::no);
          const auto r = w.play();
          holds(w, r);
          strikes += w.faults->strikes().size();
        });
    if (!found.ok()) FAIL("faults of seed " << seed << ", order of seed " << *found.failing_seed << ": " << found.failure);
  }
  CHECK(strikes > 600);
}

void must(bool holds, const std::string& what) {
  if (!holds) throw std::logic_error(what);
}

}  // namespace

TEST_CASE("[I1] whatever fails, stalls, throws or is cancelled, all tasks end, and slots and locks are free") {
  explore([](fault_world& w, const run_result& r) {
    must(is_terminal(r.state), "the run has not ended");
    for (const auto& t : r.results) must(is_terminal(t.state), t.id + " has not ended");
    for (const auto& [id, state] : w.states) must(is_terminal(state), id + " has not ended");
    must(w.status_at_end.running.empty(), "something still runs");
    for (const auto& l : w.locks_at_end) {
      const bool told = std::find(r.quarantined.begin(), r.quarantined.end(), l.resource) != r.quarantined.end();
      must((l.holders.empty() && l.waiters.empty()) || (l.quarantined && told), l.resource + " is not free");
    }
  });
}

TEST_CASE("[I2][I3] what has not started holds nothing, and who waits for a child has given its slot back") {
  std::size_t most = 0;
  explore([&](fault_world& w, const run_result&) { most = std::max(most, w.most_under_way); });
  CHECK(most > fault_world::slots);
}

TEST_CASE("[I5] whoever did not complete says why") {
  explore([](fault_world&, const run_result& r) {
    for (const auto& t : r.results) {
      if (t.success()) continue;
      must(!t.reason.empty(), t.id + " gives no reason");
      must(t.state != task_state::cancelled || t.cancelled != cancel_reason::none, t.id + ": whose wish was it?");
      must(t.state != task_state::skipped || t.skipped != skip_cause::none, t.id + ": why was it skipped?");
      must(t.state != task_state::failed || t.error, t.id + ": with which error?");
    }
  });
}

TEST_CASE("[I8] each result is recorded once, and what has completed is not run again") {
  explore([](fault_world& w, const run_result& r) {
    std::set<std::string> seen;
    for (const auto& t : r.results) {
      must(seen.insert(t.id).second, t.id + " is in the results twice");
      must(w.recorded[t.id] == 1, t.id + " is not recorded once");
    }
    must(seen.size() == w.states.size(), "a task has no result");
  });
}

TEST_CASE("the same plan with the same faults gives the same events, byte for byte") {
  const auto records = [](std::uint64_t seed) {
    testing::virtual_time_context time;
    fault_world w(time, seed, seed % 2 == 0 ? fault_world::cancels::yes : fault_world::cancels::no);
    w.play();
    return std::move(w.records);
  };
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    CHECK(records(seed) == records(seed));
  }
  CHECK(records(1) != records(3));
}
