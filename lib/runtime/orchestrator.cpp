#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/base/ids.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/runtime/async_run.hpp>

#include "runtime/run_impl.hpp"

namespace corchestra {

struct orchestrator::impl {
  any_io_executor executor;
  std::shared_ptr<const orchestrator_options> options;
  agent_registry agents;
  std::shared_ptr<detail::stage_pool> stages;
  mutable std::mutex mutex;  // of all below, and held while a run is launched
  bool closed = false;
  time_service* time = nullptr;  // from the first run on
  run_id_source ids;
  std::string next_id;  // given by the options, for one run

  std::vector<run> live() const {
    std::vector<run> all;
    const std::lock_guard lock(mutex);  // or somebody could post to a run before it has begun
    for (auto& r : stages->runs()) all.push_back(detail::run_impl::handle(std::move(r)));
    return all;
  }
};

orchestrator::orchestrator(any_io_executor executor, orchestrator_options options) : impl_(std::make_shared<impl>()) {
  impl_->stages = std::make_shared<detail::stage_pool>(executor);
  impl_->executor = std::move(executor);
  impl_->next_id = std::exchange(options.run_id, {});
  impl_->options = std::make_shared<const orchestrator_options>(std::move(options));
}

agent_registry& orchestrator::agents() noexcept { return impl_->agents; }
any_io_executor orchestrator::executor() const noexcept { return impl_->executor; }

result<compiled_plan> orchestrator::compile(task_plan plan) const {
  return compile_plan(std::move(plan), [agents = impl_->agents](std::string_view name) { return agents.find(name) != nullptr; });
}

result<run> orchestrator::start(task_plan plan, run_callbacks callbacks) {
  return launch(std::move(plan), std::move(callbacks), nullptr);
}

result<run> orchestrator::start(compiled_plan plan, run_callbacks callbacks) {
  return launch(std::move(plan), std::move(callbacks), nullptr);
}

// The handler is taken only when the run starts.
result<run> orchestrator::launch(detail::any_plan&& plan, run_callbacks&& callbacks, detail::run_completion* handler) {
  auto& s = *impl_;
  std::string given, id;
  {
    std::lock_guard lock(s.mutex);
    given = std::exchange(s.next_id, {});
    id = given.empty() ? s.ids.next() : given;
    if (s.time == nullptr) s.time = &time_service::of(s.executor);
  }
  const auto refuse = [&](error why) {
    std::lock_guard lock(s.mutex);
    if (!given.empty()) s.next_id = std::move(given);  // for a run that does start
    return why;
  };
  auto* once = std::get_if<task_plan>(&plan);
  auto& memory = s.stages->memory_of_schedulers();
  auto r = std::allocate_shared<detail::run_impl>(
      detail::pooled<detail::run_impl>(s.stages), s.executor, *s.time, s.stages,
      once ? scheduler(std::move(id), std::move(once->options), {}, {}, memory) : scheduler(std::move(id), std::get<compiled_plan>(plan), {}, memory),
      s.agents, std::move(callbacks), s.options);
  std::optional<scheduler::prepared> prepared;
  if (once) {
    auto p = r->prepare(std::move(once->tasks));
    if (p.has_error()) return refuse(p.error());
    prepared = std::move(*p);
  } else if (const auto ok = r->bind_agents(std::get<compiled_plan>(plan)); ok.has_error()) {
    return refuse(ok.error());
  }
  {
    std::lock_guard lock(s.mutex);
    if (s.closed) return fail(errc::not_running, "the orchestrator is shutting down");
    if (handler) {
      // Before the launch: after it the run may end on another thread, and the slot serve the next operation.
      if (auto slot = asio::get_associated_cancellation_slot(handler->call); slot.is_connected()) {
        slot.assign([h = detail::run_impl::handle(r)](asio::cancellation_type) mutable { h.request_cancel("the operation was cancelled"); });
      }
      r->deliver_to(std::move(*handler));
    }
    r->launch(std::move(prepared));  // before anybody else can post to it
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
  co_await asio::co_spawn(asio::make_strand(s->executor), end_all(std::move(all), grace, s->options->logger), asio::use_awaitable);
}

namespace detail {

void start_async_run(orchestrator&& o, any_plan&& plan, run_callbacks&& callbacks, run_completion&& handler) {
  result<run> started = o.launch(std::move(plan), std::move(callbacks), &handler);
  if (started.has_error()) complete_with(o.executor(), std::move(handler), started.error());
}

}  // namespace detail

}  // namespace corchestra
