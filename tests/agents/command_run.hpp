#pragma once

#include <boost/asio/io_context.hpp>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/agents/command_agent.hpp>
#include <corchestra/runtime/orchestrator.hpp>

#include "support/plans.hpp"
#include "support/run.hpp"
#include "support/show.hpp"
#include "support/temp_dir.hpp"

namespace corchestra::tests {

/// Runs tasks on one real command agent `a`, in real time.
struct command_run {
  boost::asio::io_context context;
  orchestrator o{context.get_executor()};
  command_agent_options options;
  std::vector<std::pair<double, std::string>> progress;

  explicit command_run(std::vector<std::string> argv, duration kill_grace = std::chrono::seconds(2)) {
    options.argv = std::move(argv);
    options.kill_grace = kill_grace;
  }
  static command_run shell(std::string script, duration kill_grace = std::chrono::seconds(2)) {
    return command_run({"sh", "-c", std::move(script)}, kill_grace);
  }

  corchestra::run start(std::vector<task_call> tasks) {
    o.agents().add("a", make_command_agent(options).value());
    run_callbacks callbacks;
    callbacks.on_event = [this](const event& e) {
      if (e.type == event_type::task_progress)
        progress.emplace_back(e.progress, e.data.is_object() ? e.data.value("message", "") : "");
    };
    return o.start(plan(std::move(tasks)), callbacks).value();
  }
  void run_until_progress() {
    while (progress.empty()) context.run_one();
  }
  run_result run(std::vector<task_call> tasks) { return tests::run(context, start(std::move(tasks)).wait()); }
  task_result run_one(task_call t) { return run({std::move(t)}).results.at(0); }
  task_result run_one() { return run_one(task("t")); }
};

}  // namespace corchestra::tests
