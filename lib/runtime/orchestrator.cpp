#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/base/ids.hpp>
#include <corchestra/runtime/async_run.hpp>

#include "runtime/run_impl.hpp"

namespace corchestra {

struct orchestrator::impl {
  any_io_executor executor;
  orchestrator_options options;
  agent_registry agents;
  std::shared_ptr<detail::stage_pool> stages;
  mutable std::mutex mutex;  // the list of runs and the flag
  std::vector<std::weak_ptr<detail::run_impl>> runs;
  std::size_t prune_runs_at = 16;  // of those that have ended
  bool closed = false;
  std::optional<detail::context_services> services;  // from the first run on; under the mutex, as are the next two
  run_id_source ids;
  std::string next_id;  // given by the options, for one run

  std::vector<run> live() const {
    std::vector<run> all;
    std::lock_guard lock(mutex);
    for (const auto& w : runs) {
      if (auto r = w.lock()) all.push_back(detail::run_impl::handle(std::move(r)));
    }
    return all;
  }
};

orchestrator::orchestrator(any_io_executor executor, orchestrator_options options) : impl_(std::make_shared<impl>()) {
  impl_->stages = std::make_shared<detail::stage_pool>(executor);
  impl_->executor = std::move(executor);
  impl_->next_id = std::exchange(options.run_id, {});
  impl_->options = std::move(options);
}

agent_registry& orchestrator::agents() noexcept { return impl_->agents; }
any_io_executor orchestrator::executor() const noexcept { return impl_->executor; }

result<run> orchestrator::start(task_plan plan, run_callbacks callbacks) {
  return launch(std::move(plan), std::move(callbacks), nullptr);
}

// The handler is taken only when the run starts.
result<run> orchestrator::launch(task_plan&& plan, run_callbacks&& callbacks, run_handler* handler) {
  auto& s = *impl_;
  std::string given, id;
  {
    std::lock_guard lock(s.mutex);
    given = std::exchange(s.next_id, {});
    id = given.empty() ? s.ids.next() : given;
    if (!s.services) s.services.emplace(s.executor);
  }
  auto r = std::make_shared<detail::run_impl>(s.executor, *s.services, s.stages, std::move(id), std::move(plan.options),
                                              s.agents, std::move(callbacks), s.options);
  auto prepared = r->prepare(std::move(plan.tasks));
  if (prepared.has_error()) {
    std::lock_guard lock(s.mutex);
    if (!given.empty()) s.next_id = std::move(given);  // for a run that does start
    return prepared.error();
  }
  {
    std::lock_guard lock(s.mutex);
    if (s.closed) return fail(errc::not_running, "the orchestrator is shutting down");
    if (s.runs.size() >= s.prune_runs_at) {
      std::erase_if(s.runs, [](const auto& w) { return w.expired(); });
      s.prune_runs_at = 2 * s.runs.size() + 16;
    }
    s.runs.push_back(r);
    if (handler) {
      // Before the launch: after it the run may end on another thread, and the slot serve the next operation.
      if (auto slot = asio::get_associated_cancellation_slot(*handler); slot.is_connected()) {
        slot.assign([h = detail::run_impl::handle(r)](asio::cancellation_type) mutable { h.request_cancel("the operation was cancelled"); });
      }
      r->deliver_to(std::move(*handler));
    }
    r->launch(std::move(*prepared));  // before anybody else can post to it
  }
  return detail::run_impl::handle(std::move(r));
}

std::vector<run> orchestrator::runs() const { return impl_->live(); }

namespace {

// What was alive, a line a task.
void tell_leftovers(const logger& log, const run_result& r) {
  const std::vector<std::string> lines = r.unfinished();
  if (lines.empty()) return;
  log.warn("runtime", concat("run ", r.run_id, " was shut down with tasks that had not ended:"));
  for (const auto& line : lines) log.warn("runtime", concat("  ", line));
}

// A `timeout` needs a strand.
awaitable<void> end_all(std::vector<run> all, duration grace, logger log) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  for (auto& r : all) {
    auto waiting = [r]() mutable -> awaitable<result<bool>> {
      run_result ended = co_await r.wait();
      co_return ended.success();
    };
    const time_point begin = time_service::of(executor).now();
    const result<bool> ended = co_await timeout<bool>(std::max(grace, duration(1)), "draining", waiting);
    grace -= std::min(grace, time_service::of(executor).now() - begin);
    if (ended.has_error()) {
      r.request_cancel("the grace period of the shutdown is over", cancel_reason::shutdown);
    }
    const run_result left = co_await r.wait();
    tell_leftovers(log, left);
  }
}

}  // namespace

awaitable<void> orchestrator::shutdown(duration grace) {
  const auto s = impl_;
  {
    std::lock_guard lock(s->mutex);
    s->closed = true;
  }
  std::vector<run> all = s->live();
  for (auto& r : all) r.request_drain();
  co_await asio::co_spawn(asio::make_strand(s->executor), end_all(std::move(all), grace, s->options.logger), asio::use_awaitable);
}

namespace detail {

void start_async_run(orchestrator&& o, task_plan&& plan, run_callbacks&& callbacks, run_handler&& handler) {
  result<run> started = o.launch(std::move(plan), std::move(callbacks), &handler);
  if (started.has_error()) complete_with(o.executor(), std::move(handler), started.error());
}

}  // namespace detail

}  // namespace corchestra
