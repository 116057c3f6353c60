#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <future>
#include <optional>
#include <thread>

#include <corchestra/runtime/async_run.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;

namespace {

agent_function answers(json value) {
  return [value = std::move(value)](task_context) -> awaitable<result<task_output>> { co_return task_output(value); };
}

}  // namespace

TEST_CASE("a compiled plan is run one run after another, each with results of its own") {
  asio::io_context io;
  orchestrator o(io.get_executor());
  int calls = 0;
  o.agents().add("a", [&](task_context) -> awaitable<result<task_output>> { co_return task_output(json(++calls)); });
  const auto compiled = o.compile(plan({task("x"), task("y", {"x"})}));
  REQUIRE(compiled.has_value());
  std::vector<run_result> ended;
  for (int i = 0; i < 3; ++i) {
    async_run(o, *compiled, [&](result<run_result> r) { ended.push_back(std::move(*r)); });
    io.run();
    io.restart();
  }
  REQUIRE(ended.size() == 3);
  CHECK(ended[0].find("y")->output.value == 2);
  CHECK(ended[2].find("y")->output.value == 6);
  CHECK(ended[0].run_id != ended[1].run_id);
}

TEST_CASE("a compiled plan has many runs at once on several threads") {
  asio::thread_pool threads(4);
  orchestrator o(threads.get_executor());
  std::atomic<int> calls = 0;
  o.agents().add("a", [&](task_context) -> awaitable<result<task_output>> {
    ++calls;
    co_await asio::post(asio::use_awaitable);
    co_return task_output{};
  });
  const auto compiled = o.compile(plan({task("x"), task("y", {"x"}), task("z", {"x"}), task("end", {"y", "z"})}));
  REQUIRE(compiled.has_value());
  std::vector<std::future<result<run_result>>> runs;
  for (int i = 0; i < 100; ++i) runs.push_back(async_run(o, *compiled, asio::use_future));
  for (auto& r : runs) CHECK(r.get()->success());
  CHECK(calls == 400);
}

TEST_CASE("a compiled plan's runs ask for the agents that are registered when they start") {
  asio::io_context io;
  orchestrator o(io.get_executor()), other(io.get_executor(), {.run_id = "given"});
  const auto unknown = o.compile(plan({task("x")}));
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().is(errc::unknown_agent));
  o.agents().add("a", answers("old"));
  const auto compiled = o.compile(plan({task("x")}));
  REQUIRE(compiled.has_value());
  o.agents().add("a", answers("new"));
  std::optional<result<run_result>> ended, refused, given;
  async_run(o, *compiled, [&](result<run_result> r) { ended = std::move(r); });
  async_run(other, *compiled, [&](result<run_result> r) { refused = std::move(r); });
  io.run();
  CHECK((*ended)->find("x")->output.value == "new");
  REQUIRE(refused->has_error());
  CHECK(refused->error().message == "no agent named 'a' is registered");
  other.agents().add("a", answers("other"));
  async_run(other, *compiled, [&](result<run_result> r) { given = std::move(r); });
  io.restart();
  io.run();
  CHECK((*given)->run_id == "given");  // the run that could not start has not used it up
}

TEST_CASE("each run of a compiled plan has inputs of its own") {
  asio::io_context io;
  orchestrator o(io.get_executor());
  o.agents().add("a", [](task_context c) -> awaitable<result<task_output>> {
    co_return task_output(c.inputs() != nullptr ? c.inputs()->at("question") : json());
  });
  const auto compiled = o.compile(plan({task("x")}));
  REQUIRE(compiled.has_value());
  std::vector<json> answers;
  const auto keep = [&](const result<run_result>& r) { answers.push_back(r->find("x")->output.value); };
  async_run(o, compiled->with_inputs({{"question", "why?"}}), keep);
  async_run(o, compiled->with_inputs({{"question", "how?"}}), keep);
  async_run(o, *compiled, keep);
  io.run();
  CHECK(answers == std::vector<json>{"why?", "how?", nullptr});
}

TEST_CASE("a run keeps its compiled plan") {
  asio::io_context io;
  orchestrator o(io.get_executor());
  std::string seen;
  o.agents().add("a", [&](task_context c) -> awaitable<result<task_output>> {
    co_await asio::post(asio::use_awaitable);
    seen = c.task().description;
    co_return task_output{};
  });
  auto p = plan({task("x")});
  p.tasks[0].description = "a text that is too long to stand in the string itself";
  auto compiled = o.compile(std::move(p));
  REQUIRE(compiled.has_value());
  const result<run> r = o.start(*compiled);
  REQUIRE(r.has_value());
  compiled = fail(errc::internal, "gone");
  io.run();
  CHECK(seen == "a text that is too long to stand in the string itself");
}

TEST_CASE("a run that ends as it begins is gone only then") {
  asio::io_context io;
  orchestrator o(io.get_executor());
  const auto nothing = o.compile({});
  REQUIRE(nothing.has_value());
  CHECK(o.start(*nothing).has_value());  // nobody keeps the handle
  bool ended = false;
  async_run(o, *nothing, [&](const result<run_result>& r) { ended = r->success(); });
  io.run();
  CHECK(ended);
}

TEST_CASE("who lists an orchestrator's runs from another thread meets none that has not begun") {
  asio::thread_pool threads(2);
  orchestrator o(threads.get_executor());
  o.agents().add("a", answers(1));
  const auto compiled = o.compile(plan({task("x"), task("y", {"x"})}));
  REQUIRE(compiled.has_value());
  std::atomic<bool> done = false;
  std::thread meddler([&] {
    while (!done) {
      for (auto& r : o.runs()) r.request_cancel();
    }
  });
  for (int i = 0; i < 500; ++i) {
    const auto r = async_run(o, *compiled, asio::use_future).get();
    CHECK(r->results.size() == 2);
    CHECK(async_run(o, plan({task("x")}), asio::use_future).get()->results.size() == 1);
  }
  done = true;
  meddler.join();
}

TEST_CASE("results that were moved away are gone") {
  asio::io_context io;
  orchestrator o(io.get_executor());
  o.agents().add("a", answers(1));
  async_run(o, plan({task("x")}), [](result<run_result> r) {
    const result_list taken = std::move(r->results);
    CHECK(taken.size() == 1);
    CHECK(r->results.empty());  // NOLINT(bugprone-use-after-move)
    CHECK(r->results.begin() == r->results.end());
  });
  io.run();
}

TEST_CASE("a run of a compiled plan spawns, is cancelled and meets its deadlines as any other") {
  testing::virtual_time_context time;
  orchestrator o(time.executor());
  const auto agent = std::make_shared<testing::scripted_agent>();
  o.agents().add("a", agent);
  auto p = plan({task("x"), task("slow"), task("y", {"x"})});
  p.options.limits.run_timeout = 30s;
  agent->on("slow", {{.takes = 1h}});
  const auto compiled = o.compile(std::move(p));
  REQUIRE(compiled.has_value());
  for (int i = 0; i < 2; ++i) {
    const auto r = time.run([&]() -> awaitable<result<run_result>> {
      auto started = o.start(*compiled);
      const result<std::string> child = co_await started->spawn("slow", task("child"));
      CHECK(child.has_value());
      co_return co_await started->wait();
    }());
    REQUIRE(r.has_value());
    CHECK(r->find("y")->success());
    CHECK(r->find("slow/child") != nullptr);
    CHECK(r->find("slow")->state == task_state::timeout);
  }
}
