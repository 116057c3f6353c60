#include "session/approvals.hpp"

#include <string>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

/// The first tool that the task's model may call and that requires approval; empty when there is none.
std::string asking_tool(const plan_document& plan, const task_call& t) {
  const auto agent = plan.agents.find(t.agent);
  if (agent == plan.agents.end()) return {};
  auto names = agent->second.tools;
  if (t.options.is_object() && t.options.contains("tools")) names = t.options["tools"].get<std::vector<std::string>>();
  for (const std::string& name : names)
    if (const auto tool = plan.tools.find(name); tool != plan.tools.end() && tool->second.approval) return name;
  return {};
}

}  // namespace

result<void> check_approvals(const plan_document& plan) {
  for (const auto& t : plan.plan.tasks) {
    if (const std::string tool = asking_tool(plan, t); !tool.empty())
      return fail(errc::invalid_argument,
                  concat(plan.source, ": task ", quote(t.id), " may call the tool ", quote(tool),
                         ", which asks for approval, and there is no terminal to ask on: use --approve all, none or "
                         "default"));
    if (!t.rules || !t.rules->approval || t.rules->approval->timeout) continue;
    return fail(errc::invalid_argument,
                concat(plan.source, ": task ", quote(t.id),
                       " waits for an approval without a time limit, and there is no terminal to ask on: use --approve "
                       "all, none or default, or give the approval a timeout"));
  }
  return {};
}

bool standing_answers::answer_to(const event& question) const {
  if (how_ != approval_answers::standard) return how_ == approval_answers::approve;
  return question.data.value("default", "") == "approve";
}

void standing_answers::operator()(const event& e) const {
  if (e.type != event_type::approval_requested) return;
  run_->ask([task = std::string(e.task_id), yes = answer_to(e)](run& r) { r.request_answer(task, yes, "answered in advance"); });
}

}  // namespace corchestra
