#include <corchestra/runtime/run_blocking.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <corchestra/runtime/async_run.hpp>

namespace corchestra {

result<run_result> run_blocking(task_plan plan, agent_registry agents, run_callbacks callbacks,
                                run_blocking_options options) {
  const auto set_up = [&agents](orchestrator& o) -> result<void> {
    o.agents() = std::move(agents);
    return {};
  };
  return run_blocking(std::move(plan), set_up, std::move(callbacks), std::move(options));
}

result<run_result> run_blocking(task_plan plan, const std::function<result<void>(orchestrator&)>& set_up,
                                run_callbacks callbacks, run_blocking_options options) {
  if (plan.options.stay_open)
    return fail(errc::invalid_argument, "run_blocking cannot run a plan that stays open: nobody could close it");
  asio::io_context context(1);
  orchestrator o(context.get_executor(), std::move(options.orchestrator));
  if (const auto ready = set_up(o); ready.has_error()) return ready.error();

  asio::cancellation_signal signal;
  std::optional<result<run_result>> outcome;
  // Before the start, so that a stop requested by now comes before the first task.
  const std::stop_callback on_stop(std::move(options.stop), [&context, &signal] {
    asio::post(context, [&signal] { signal.emit(asio::cancellation_type::terminal); });
  });
  async_run(o, std::move(plan), std::move(callbacks),
            asio::bind_cancellation_slot(signal.slot(), [&](result<run_result> r) {
              outcome.emplace(std::move(r));
              context.stop();  // without waiting for abandoned bodies
            }));
  context.run();
  return std::move(*outcome);
}

}  // namespace corchestra
