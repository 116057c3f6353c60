#include <corchestra/async/sleep.hpp>
#include <corchestra/testing/scripted_agent.hpp>

#include <boost/asio/this_coro.hpp>

namespace corchestra::testing {

scripted_agent& scripted_agent::on(std::string task, std::vector<scripted_step> steps) {
  steps_[std::move(task)] = std::move(steps);
  return *this;
}

awaitable<result<task_output>> scripted_agent::run(task_context context) {
  const auto script = steps_.find(context.task().id);
  const scripted_step step = script == steps_.end() || script->second.empty()
                                 ? standard_
                                 : script->second[std::min<std::size_t>(context.attempt(), script->second.size()) - 1];
  const std::size_t mine = log_.size();
  const time_point begin = co_await now();
  log_.push_back({context.task().id, context.attempt(), begin, {}, false});
  peak_ = std::max(peak_, ++running_);
  if (step.ignores_cancellation) co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());

  std::exception_ptr stopped;
  try {
    const int parts = step.progress_reports + 1;
    for (int i = 0; i < parts; ++i) {
      if (step.takes > duration::zero()) co_await sleep_for(step.takes / parts);
      if (i + 1 < parts) context.report_progress(static_cast<double>(i + 1) / parts);
    }
  } catch (...) {
    stopped = std::current_exception();
  }
  --running_;
  log_[mine].cancelled = stopped != nullptr;
  co_await asio::this_coro::throw_if_cancelled(false);
  log_[mine].ended = co_await now();
  if (stopped) std::rethrow_exception(stopped);
  if (step.fails) co_return *step.fails;
  co_return task_output(step.output);
}

const scripted_start* scripted_agent::find(std::string_view task) const noexcept {
  for (auto it = log_.rbegin(); it != log_.rend(); ++it) {
    if (it->task == task) return &*it;
  }
  return nullptr;
}

}  // namespace corchestra::testing
