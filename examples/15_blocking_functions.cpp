// Functions that block or compute run on threads that the user owns; everything else stays on the caller's executor.
#include <boost/asio/io_context.hpp>
#include <iostream>
#include <thread>

#include <corchestra/base/text.hpp>
#include <corchestra/runtime/async_run.hpp>
#include <corchestra/runtime/blocking_task.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

result<task_output> count_primes(const blocking_context& context) {
  const int limit = context.task().context["below"].get<int>();
  int found = 0;
  for (int n = 2; n < limit; ++n) {
    if (context.stop_requested()) return fail(errc::cancelled, "asked to stop");  // a thread cannot be killed
    bool prime = true;
    for (int d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
    found += prime ? 1 : 0;
    if (n % 1000 == 0) context.report_progress(static_cast<double>(n) / limit);
  }
  return task_output(found);
}

int main() {
  asio::io_context io;
  worker_threads threads(2, "primes");
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("counter", blocking_task(threads, count_primes));
  orchestra.agents().add("sleeper", blocking_task(threads, [](const blocking_context& context) -> result<task_output> {
    while (!context.stop_requested()) std::this_thread::sleep_for(1ms);
    return fail(errc::cancelled, "woken");
  }));

  task_plan plan;
  for (const int below : {1'000, 10'000, 50'000}) {
    plan.tasks.push_back(create_task_call(concat("below-", below), "counter", "count", "Count primes", {{"below", below}}));
  }
  plan.tasks.push_back(create_task_call("too-long", "sleeper", "sleep", "Never ends by itself"));
  plan.tasks.back().limits.start_to_close = 50ms;
  async_run(orchestra, plan, [](result<run_result> run) {
    for (const auto& r : run->results) {
      std::cout << r.id << " " << to_string(r.state) << " " << (r.success() ? to_text(r.output.value) : r.reason) << "\n";
    }
  });
  io.run();
}
