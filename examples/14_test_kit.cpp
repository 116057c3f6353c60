// How to test agents and plans: time that jumps, agents that follow a script, faults that strike where they are told to. A
// day of retries passes in microseconds, and every run is the same. With a file name as argument, the run is drawn there.
#include <fstream>
#include <iostream>

#include <corchestra/base/text.hpp>
#include <corchestra/core/time_attribution.hpp>
#include <corchestra/core/timeline.hpp>
#include <corchestra/monitor/timeline_svg.hpp>
#include <corchestra/runtime/orchestrator.hpp>
#include <corchestra/testing/fault_injection.hpp>
#include <corchestra/testing/scripted_agent.hpp>
#include <corchestra/testing/virtual_time.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  testing::virtual_time_context time;
  orchestrator orchestra(time.executor(), {.run_id = "one-of-many"});
  const auto service = std::make_shared<testing::scripted_agent>();
  testing::scripted_step overloaded{1s};
  overloaded.fails = fail(errc::server_error, "overloaded", retry_class::transient);
  service->on("stubborn", {overloaded, overloaded, {2s}}).takes("quick", 1s);
  const auto faulty = std::make_shared<testing::faulty_agent>(service);
  faulty->on("quick", 1, {testing::fault::kind::stall, 500ms});  // its first attempt never answers
  orchestra.agents().add("service", faulty);

  task_plan plan;
  plan.options.name = "a day of retries";
  plan.tasks = {create_task_call("stubborn", "service", "call", "Fails twice"),
                create_task_call("quick", "service", "call", "Works")};
  retry_policy patient;
  patient.max_retries = 5;
  patient.first_delay = 6h;
  patient.max_delay = 24h;
  patient.jitter = false;
  for (auto& t : plan.tasks) t.retry = patient;
  plan.tasks[1].limits.start_to_close = 1min;

  timeline_fold timeline;
  time_attribution uses(time_attribution::keep::spans);
  run_callbacks callbacks;
  callbacks.on_event = [&](const event& e) {
    timeline(e);
    uses(e);
  };
  run handle = orchestra.start(plan, callbacks).value();
  const run_result end = time.run(handle.wait());
  for (const auto& r : end.results)
    std::cout << r.id << " " << to_string(r.state) << " after " << r.attempts << " attempts " << r.reason << "\n";
  for (const auto& s : service->log()) {
    std::cout << s.task << ", attempt " << s.attempt << ": at " << to_text(s.started.time_since_epoch()) << "\n";
  }
  std::cout << "virtual time: " << to_text(time.now().time_since_epoch()) << "\n";
  if (argc > 1) std::ofstream(argv[1]) << timeline_svg(timeline.value(), &uses);
}
