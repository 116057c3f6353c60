#include <corchestra/core/task_state.hpp>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace corchestra;

namespace {
constexpr std::array<task_state, task_state_count> all{
    task_state::pending, task_state::waiting,   task_state::ready,   task_state::running, task_state::completed,
    task_state::failed,  task_state::cancelled, task_state::timeout, task_state::skipped, task_state::limit_exceeded};
}

TEST_CASE("[C27][X4] the transition table") {
  // a row a state, a column for each state it may become, in the order of the enumerators
  constexpr std::array<std::string_view, task_state_count> table{
      // PWRRCFCTSL
      "-yy--yyyyy",  // pending
      "--yy-yyyyy",  // waiting
      "-y-y-yyyyy",  // ready
      "-yy-yyyy-y",  // running
      "----------",  // completed
      "----------",  // failed
      "----------",  // cancelled
      "----------",  // timeout
      "----------",  // skipped
      "----------",  // limit_exceeded
  };
  for (std::size_t from = 0; from < all.size(); ++from)
    for (std::size_t to = 0; to < all.size(); ++to) {
      CAPTURE(to_string(all[from]), to_string(all[to]));
      CHECK(may_become(all[from], all[to]) == (table[from][to] == 'y'));
    }
}

TEST_CASE("[C26] states have their documented names, read as they are written") {
  constexpr std::array<std::string_view, task_state_count> names{"PENDING",   "WAITING",       "READY",     "RUNNING",
                                                                 "COMPLETED", "FAILED",        "CANCELLED", "TIMEOUT",
                                                                 "SKIPPED",   "LIMIT_EXCEEDED"};
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(to_string(all[i]) == names[i]);
    CHECK(parse_task_state(names[i]) == all[i]);
    CHECK(is_terminal(all[i]) == (i >= 4));
  }
  CHECK_FALSE(parse_task_state("completed"));
  CHECK_FALSE(parse_task_state(""));
}

TEST_CASE("run states, reasons and causes have names") {
  CHECK(to_string(run_state::running) == "RUNNING");
  CHECK(to_string(run_state::interrupted) == "INTERRUPTED");
  CHECK(to_string(wait_reason::none) == "none");
  CHECK(to_string(wait_reason::child) == "child");
  CHECK(to_string(skip_cause::upstream_failed) == "upstream_failed");
  CHECK(to_string(skip_cause::cached) == "cached");
  CHECK(to_string(cancel_reason::sibling_failed) == "sibling_failed");
  CHECK(to_string(cancel_reason::abandoned) == "abandoned");
}

TEST_CASE("a run that is paused has not ended") {
  CHECK_FALSE(is_terminal(run_state::paused));
  CHECK(is_terminal(run_state::completed));
  CHECK(is_terminal(run_state::interrupted));
}

TEST_CASE("being skipped is good only when the work was not needed") {
  CHECK(is_good(skip_cause::cached));
  CHECK(is_good(skip_cause::branch_not_taken));
  CHECK_FALSE(is_good(skip_cause::upstream_failed));
}
