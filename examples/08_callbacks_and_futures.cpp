// The same operation with other completion tokens: a future for a program of threads, a callback with a cancellation slot.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

int main() {
  asio::thread_pool threads(2);
  orchestrator orchestra(threads.get_executor());
  orchestra.agents().add("sleeper", [](task_context context) -> awaitable<result<task_output>> {
    co_await sleep_for(std::chrono::milliseconds(context.task().context["ms"].get<int>()));
    co_return task_output(context.task().id);
  });
  const auto plan = [](int ms) {
    task_plan p;
    p.tasks = {create_task_call("nap", "sleeper", "demo", "Sleep", {{"ms", ms}})};
    return p;
  };

  std::future<result<run_result>> future = async_run(orchestra, plan(30), asio::use_future);
  std::cout << "future: " << to_string(future.get()->state) << "\n";

  auto strand = asio::make_strand(threads);
  asio::cancellation_signal stop;
  asio::post(strand, [&] {
    async_run(orchestra, plan(60'000), asio::bind_cancellation_slot(stop.slot(), asio::bind_executor(strand, [](result<run_result> r) {
                std::cout << "callback: " << to_string(r->state) << "\n";
              })));
    asio::post(strand, [&] { stop.emit(asio::cancellation_type::terminal); });
  });
  threads.join();
}
