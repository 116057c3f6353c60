#include <corchestra/runtime/batch_task_calls.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>

#include "support/plans.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::task;
using tests::virtual_orchestra;

namespace {

/// 20 tasks of 1 s, every fifth of them as long as said.
std::vector<task_call> twenty(virtual_orchestra& v, duration every_fifth = 1s) {
  std::vector<task_call> calls;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(task("t" + std::to_string(i)));
    if (i % 5 == 0) v.agent->takes(calls.back().id, every_fifth);
  }
  return calls;
}

duration makespan(virtual_orchestra& v, duration every_fifth, batch_mode mode) {
  auto p = batch_task_calls(twenty(v, every_fifth), 5, mode);
  REQUIRE(p);
  const auto begin = v.time.now();
  const auto r = v.run(std::move(*p));
  CHECK(r.success());
  CHECK(r.results.size() == 20);
  CHECK(v.agent->peak() == 5);
  return v.time.now() - begin;
}

}  // namespace

TEST_CASE("[E39][E40] twenty equal tasks run as four batches of five, which is the default size") {
  CHECK(batch_task_calls({task("t")})->options.limits.max_concurrent_tasks == 5);
  for (const auto mode : {batch_mode::sliding, batch_mode::barriers}) {
    virtual_orchestra v;
    CHECK(makespan(v, 1s, mode) == 4s);
    CHECK(v.start_of("t5") == 1);
    CHECK(v.start_of("t19") == 3);
  }
}

TEST_CASE("[X20] a sliding window does not wait for the slowest of a batch; barriers do") {
  virtual_orchestra sliding, barriers;
  CHECK(makespan(sliding, 3s, batch_mode::sliding) == 7s);
  CHECK(makespan(barriers, 3s, batch_mode::barriers) == 12s);
  CHECK(sliding.start_of("t5") == 1);
  CHECK(barriers.start_of("t5") == 3);
}

TEST_CASE("a failure does not keep the next batch from starting") {
  virtual_orchestra v;
  auto calls = twenty(v);
  v.agent->on("t7", {testing::scripted_step{1s, fail(errc::task_failed, "no")}});
  const auto r = v.run(*batch_task_calls(std::move(calls), 5, batch_mode::barriers));
  CHECK(r.find("t7")->state == task_state::failed);
  for (const auto& t : r.results) CHECK((t.id == "t7" || t.success()));
  REQUIRE(v.agent->find("t10"));
  CHECK(v.start_of("t10") == 2);
}

TEST_CASE("a last batch may be smaller, and one batch needs no barrier") {
  virtual_orchestra v;
  const auto p = batch_task_calls({task("a"), task("b"), task("c")}, 2, batch_mode::barriers);
  REQUIRE(p);
  CHECK(p->tasks[1].depends_on.empty());
  CHECK(p->tasks[2].depends_on == std::vector<std::string>{"a", "b"});
  CHECK(batch_task_calls({}, 2, batch_mode::barriers)->tasks.empty());
  CHECK(batch_task_calls({task("a")}, 1'000'000'000'000, batch_mode::barriers)->tasks[0].depends_on.empty());
}

TEST_CASE("dependencies between the calls hold in a sliding window and are refused with barriers") {
  virtual_orchestra v;
  const std::vector<task_call> calls = {task("a", {"c"}), task("b"), task("c")};
  CHECK(v.run(*batch_task_calls(calls, 2)).success());
  CHECK(v.start_of("a") == v.end_of("c"));
  const auto refused = batch_task_calls(calls, 2, batch_mode::barriers);
  REQUIRE(refused.has_error());
  CHECK(refused.error().is(errc::invalid_argument));
  CHECK(refused.error().message ==
        "task 'a': depends on 'c': batches with barriers take task calls without dependencies of their own");
  CHECK(batch_task_calls(calls, 0).error().is(errc::invalid_argument));
}

TEST_CASE("[E40][E64] execute_task_batches gives back all results in the order of the calls") {
  for (const auto mode : {batch_mode::sliding, batch_mode::barriers}) {
    virtual_orchestra v;
    const auto r = v.time.run(execute_task_batches(v.o, twenty(v, 3s), 5, mode));
    REQUIRE(r);
    REQUIRE(r->size() == 20);
    for (std::size_t i = 0; i < r->size(); ++i) CHECK((*r)[i].id == "t" + std::to_string(i));
  }
  virtual_orchestra v;
  CHECK(v.time.run(execute_task_batches(v.o, {task("t", {"ghost"})})).error().is(errc::unknown_task));
  CHECK(v.time.run(execute_task_batches(v.o, {task("t")}, 0)).error().is(errc::invalid_argument));
}

TEST_CASE("cancelling execute_task_batches cancels its tasks and still gives back their results") {
  virtual_orchestra v;
  asio::cancellation_signal signal;
  std::optional<result<result_list>> outcome;
  asio::co_spawn(
      v.time.executor(), execute_task_batches(v.o, twenty(v), 5),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, auto r) { outcome = std::move(r); }));
  v.time.advance(1500ms);
  signal.emit(asio::cancellation_type::terminal);
  v.time.run();
  REQUIRE(outcome);
  REQUIRE(*outcome);
  CHECK((*outcome)->at(4).success());
  CHECK((*outcome)->at(5).state == task_state::cancelled);
  CHECK((*outcome)->at(19).state == task_state::cancelled);
  CHECK(v.time.now() == time_point(1500ms));
}
