#include "engine_run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <optional>
#include <utility>

#include <corchestra/base/text.hpp>
#include <corchestra/runtime/async_run.hpp>

#include "harness.hpp"

namespace corchestra::bench {

awaitable<result<task_output>> suspend_once(task_context) {
  co_await asio::post(asio::use_awaitable);
  co_return task_output{};
}

task_plan independent_tasks(std::size_t count, std::uint32_t slots, std::string_view agent) {
  task_plan plan;
  plan.options.limits.max_concurrent_tasks = slots;
  plan.tasks.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    plan.tasks[i].id = concat("task-", i);
    plan.tasks[i].agent = agent;
  }
  return plan;
}

namespace {

compiled_plan compile(const orchestrator& conductor, task_plan plan) {
  const result<compiled_plan> compiled = conductor.compile(std::move(plan));
  check(compiled.has_value(), "the plan was refused");
  return *compiled;
}

}  // namespace

run_result run_to_the_end(task_plan plan, std::shared_ptr<agent> a, run_callbacks callbacks, plan_form form, double* run_time) {
  asio::io_context io;
  orchestrator conductor(io.get_executor());
  conductor.agents().add("agent", std::move(a));
  std::optional<run_result> ended;
  const auto keep = [&](result<run_result> r) {
    check(r.has_value(), "the run did not start");
    ended.emplace(std::move(*r));
  };
  std::optional<compiled_plan> compiled;
  if (form == plan_form::compiled) compiled = compile(conductor, std::move(plan));
  const stopwatch watch;
  compiled ? async_run(conductor, *compiled, std::move(callbacks), keep) : async_run(conductor, std::move(plan), std::move(callbacks), keep);
  io.run();
  if (run_time != nullptr) *run_time = watch.nanoseconds();
  check(ended && ended->success(), "the run did not succeed");
  return std::move(*ended);
}

void check_results(const run_result& r, std::size_t tasks) {
  check(r.success() && r.results.size() == tasks, "a run lost a task");
  for (const auto& task : r.results) check(task.success(), "a task did not complete");
}

double run_in_a_row(const task_plan& plan, std::size_t runs, plan_form form) {
  std::size_t ended = 0;
  double time = 0;
  {
    asio::io_context io;
    orchestrator conductor(io.get_executor());
    conductor.agents().add("agent", suspend_once);
    const compiled_plan compiled = compile(conductor, plan);
    std::function<void()> next = [&] {
      const auto look = [&](const result<run_result>& r) {
        check(r.has_value(), "a run did not start");
        check_results(*r, plan.tasks.size());
        if (++ended < runs) next();
      };
      form == plan_form::compiled ? async_run(conductor, compiled, look) : async_run(conductor, plan, look);
    };
    const stopwatch watch;
    next();
    io.run();
    time = watch.nanoseconds();
  }
  check(ended == runs, "a run did not end");
  return time / static_cast<double>(runs);
}

}  // namespace corchestra::bench
