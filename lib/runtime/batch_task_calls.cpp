#include <corchestra/runtime/batch_task_calls.hpp>

#include <algorithm>
#include <limits>

#include <corchestra/base/text.hpp>
#include <corchestra/runtime/async_run.hpp>

namespace corchestra {

namespace {

result<void> put_barriers(std::vector<task_call>& calls, std::size_t batch_size) {
  for (const auto& c : calls) {
    if (!c.depends_on.empty())
      return fail(errc::invalid_argument,
                  concat("task ", quote(c.id), ": depends on ", quote(c.depends_on.front()),
                         ": batches with barriers take task calls without dependencies of their own"));
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    auto& c = calls[i];
    c.dependencies_given = true;
    const std::size_t first = i - i % batch_size;  // of its batch
    if (first == 0) continue;
    for (std::size_t j = first - batch_size; j < first; ++j) c.depends_on.push_back(calls[j].id);
    if (!c.rules) c.rules = task_rules{};
    c.rules->join = join_policy::all_done;
  }
  return {};
}

}  // namespace

result<task_plan> batch_task_calls(std::vector<task_call> calls, std::size_t batch_size, batch_mode mode) {
  if (batch_size == 0)
    return fail(errc::invalid_argument, "batch_task_calls: expected a batch size of at least 1, got 0");
  task_plan plan;
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  plan.options.limits.max_concurrent_tasks = static_cast<std::uint32_t>(std::min(batch_size, most));
  if (mode == batch_mode::barriers) {
    if (const auto put = put_barriers(calls, batch_size); put.has_error()) return put.error();
  }
  plan.tasks = std::move(calls);
  return plan;
}

awaitable<result<result_list>> execute_task_batches(orchestrator o, std::vector<task_call> calls,
                                                                 std::size_t batch_size, batch_mode mode) {
  result<task_plan> plan = batch_task_calls(std::move(calls), batch_size, mode);
  if (plan.has_error()) co_return plan.error();
  result<run_result> ended = co_await async_run(std::move(o), std::move(*plan));
  if (ended.has_error()) co_return ended.error();
  co_return std::move(ended->results);
}

}  // namespace corchestra
