#pragma once

#include <cstddef>
#include <vector>

#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra {

enum class batch_mode : std::uint8_t {
  sliding,   ///< at most a batch at a time; the next task call starts as soon as one has ended
  barriers,  ///< the predecessors' meaning: a batch starts when all of the one before have ended, however they did
};

/// A plan that runs `calls`, in this order, at most `batch_size` at a time. Everything else of the plan may be set
/// afterwards. Errors: `invalid_argument` for a batch size of 0, and, with barriers, for a task call that has
/// dependencies of its own: they would be mixed up with the barrier.
result<task_plan> batch_task_calls(std::vector<task_call> calls, std::size_t batch_size = 5,
                                   batch_mode mode = batch_mode::sliding);

/// Runs such a plan and gives back all results in the order of the calls, whatever became of the tasks. Cancellation
/// cancels the run, whose results are given back all the same. Errors: those above and of `orchestrator::start`.
awaitable<result<result_list>> execute_task_batches(orchestrator o, std::vector<task_call> calls,
                                                                 std::size_t batch_size = 5,
                                                                 batch_mode mode = batch_mode::sliding);

}  // namespace corchestra
