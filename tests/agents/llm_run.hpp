#pragma once

#include <corchestra/agents/llm_agent.hpp>
#include <corchestra/testing/scripted_model.hpp>

#include "support/plans.hpp"

namespace corchestra::tests {

/// A run of tasks for one LLM agent `writer` that asks a scripted model.
struct llm_run {
  virtual_orchestra v;
  std::shared_ptr<testing::scripted_model> model = std::make_shared<testing::scripted_model>();
  llm_agent_options options;
  std::vector<event> events;

  static task_call task(std::string id, std::string description) {
    task_call t = tests::task(std::move(id));
    t.agent = "writer";
    t.description = std::move(description);
    return t;
  }

  run_result run(std::vector<task_call> tasks) {
    v.o.agents().add("writer", make_llm_agent(model, options).value());
    run_callbacks callbacks;
    callbacks.on_event = [this](const event& e) { events.push_back(e); };
    return v.run(plan(std::move(tasks)), std::move(callbacks));
  }
  task_result run_one(task_call t) { return run({std::move(t)}).results.at(0); }

  const std::string& prompt(std::size_t i = 0) const { return model->requests().at(i).messages.back().content; }
  std::vector<event> of(event_type type) const {
    std::vector<event> out;
    for (const auto& e : events) {
      if (e.type == type) out.push_back(e);
    }
    return out;
  }
};

}  // namespace corchestra::tests
