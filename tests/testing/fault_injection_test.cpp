#include <catch2/catch_test_macros.hpp>

#include <corchestra/testing/fault_injection.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using testing::fault;
using testing::faulty_agent;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

namespace {

/// An orchestra whose agent `a`, of 10 s a task, suffers faults.
struct faulty_orchestra : virtual_orchestra {
  faulty_orchestra() : virtual_orchestra({10s}) { o.agents().add("f", faults); }
  std::shared_ptr<faulty_agent> faults = std::make_shared<faulty_agent>(agent);

  run_result play(std::vector<std::string> ids, int max_retries = 0, duration limit = 1h) {
    std::vector<task_call> calls;
    for (auto& id : ids) {
      calls.push_back(task(id));
      calls.back().agent = "f";
      calls.back().limits.start_to_close = limit;
    }
    auto p = plan(std::move(calls), 1);
    p.options.retry = {.max_retries = max_retries, .first_delay = 1s, .jitter = false};
    auto r = o.start(std::move(p)).value();
    faults->attach(r);
    return time.run(r.wait());
  }
};

}  // namespace

TEST_CASE("a fault strikes at the k-th attempt or at a task's, and the others are spared") {
  faulty_orchestra v;
  v.faults->at_step(2, {.what = fault::kind::fail}).on("c", 1, {.what = fault::kind::throws});
  const auto r = v.play({"a", "b", "c", "d"});
  CHECK(r.find("a")->success());
  CHECK(r.find("b")->state == task_state::failed);
  CHECK(r.find("c")->reason.find("thrown") != std::string::npos);
  CHECK(r.find("d")->success());
  REQUIRE(v.faults->strikes().size() == 2);
  CHECK(v.faults->strikes()[0].task == "b");
  CHECK(v.faults->steps() == 4);
}

TEST_CASE("a cut attempt is a transient error and is tried again") {
  faulty_orchestra v;
  v.faults->on("a", 1, {.what = fault::kind::cut, .after = 4s});
  const auto r = v.play({"a"}, 1);
  CHECK(r.find("a")->success());
  CHECK(r.find("a")->attempts == 2);
  CHECK(v.start_of("a") == 5);  // 4 s, and 1 s of back-off
}

TEST_CASE("an agent that ends before its fault is spared") {
  faulty_orchestra v;
  v.faults->on("a", 1, {.what = fault::kind::fail, .after = 11s});
  CHECK(v.play({"a"}).find("a")->success());
  CHECK(v.faults->strikes().empty());
}

TEST_CASE("a stalled attempt ends by its time limit, a deaf one by abandonment") {
  faulty_orchestra v;
  v.faults->on("a", 1, {.what = fault::kind::stall}).on("b", 1, {.what = fault::kind::deaf, .by = 1h});
  const auto r = v.play({"a", "b"}, 0, 20s);
  CHECK(r.find("a")->state == task_state::timeout);
  CHECK(r.find("b")->reason.find("abandoned") != std::string::npos);
}

TEST_CASE("a slow answer comes later, and is the agent's own") {
  faulty_orchestra v;
  v.faults->on("a", 1, {.what = fault::kind::slow, .by = 7s});
  const auto r = v.play({"a"});
  CHECK(r.find("a")->success());
  CHECK(r.find("a")->last_duration() == 17s);
}

TEST_CASE("a fault can cancel the task, or the whole run") {
  faulty_orchestra v;
  v.faults->on("a", 1, {.what = fault::kind::cancel_task, .after = 3s})
      .on("b", 1, {.what = fault::kind::cancel_run, .after = 2s});
  const auto r = v.play({"a", "b", "c"});
  CHECK(r.find("a")->state == task_state::cancelled);
  CHECK(r.find("a")->last_duration() == 3s);
  CHECK(r.find("b")->state == task_state::cancelled);
  CHECK(r.find("c")->attempts == 0);
  CHECK(r.state == run_state::cancelled);
}

TEST_CASE("what happens by chance depends on the seed, the task and the attempt only") {
  const auto struck = [](std::uint64_t seed, std::vector<std::string> ids) {
    faulty_orchestra v;
    v.faults->by_chance(seed, 0.5, {{.what = fault::kind::fail}});
    v.play(std::move(ids));
    std::vector<std::string> tasks;
    for (const auto& s : v.faults->strikes()) tasks.push_back(s.task);
    std::sort(tasks.begin(), tasks.end());
    return tasks;
  };
  const auto forward = struck(7, {"a", "b", "c", "d", "e", "f", "g", "h"});
  CHECK(forward == struck(7, {"h", "g", "f", "e", "d", "c", "b", "a"}));
  CHECK(!forward.empty());
  CHECK(forward.size() < 8);
  CHECK(forward != struck(8, {"a", "b", "c", "d", "e", "f", "g", "h"}));
}
