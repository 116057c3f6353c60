#include "plan/plan_check.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_set>

#include <corchestra/core/dependency_graph.hpp>
#include <corchestra/plan/reference.hpp>
#include "plan/rule_check.hpp"
#include "plan/tool_reader.hpp"

namespace corchestra::plan_file {

namespace {

class plan_checker {
 public:
  explicit plan_checker(plan_document& plan) : plan_(plan) {
    ids_.reserve(plan.plan.tasks.size());
    for (const task_call& t : plan.plan.tasks) {
      ids_.insert(t.id);
      if (t.rules && !t.rules->state_key.empty()) state_keys_.insert(t.rules->state_key);
    }
    for (const auto& [key, reducer] : plan.plan.options.reducers) state_keys_.insert(key);
    for (const auto& [name, spec] : plan.agents) agents_.push_back(name);
  }

  void check(task_call& t, const field& f) {
    const auto found = plan_.agents.find(t.agent);
    if (found == plan_.agents.end()) {
      const auto written = f.member("agent");
      (written ? *written : f)
          .fail(errc::unknown_agent, concat("unknown agent ", quote(t.agent), suggestion(t.agent, agents_, "agents")));
      return;
    }
    const agent_spec& agent = found->second;
    check_kind(t, agent, f);
    if (const auto x = f.member("tools")) check_tool_names(*x, plan_.tools);
    const field place = f.member("prompt").value_or(f.member("prompt_file").value_or(f));
    if (t.prompt)
      check_references(find_references(*t.prompt), t, place, "");
    else if (!agent.prompt.empty())
      check_references(find_references(agent.prompt), t, f, concat("the prompt of agent ", quote(agent.name), ": "));
    else
      check_references(find_references(t.description), t, f.member("description").value_or(f), "");
    if (const auto c = f.member("context")) {
      in_context_ = true;
      check_references(find_references(t.context), t, *c, "");
      in_context_ = false;
    }
    for (const std::string& argument : agent.argv)
      check_references(find_references(argument), t, f, concat("the argv of agent ", quote(agent.name), ": "));
  }

 private:
  std::vector<std::string> task_ids() const {
    std::vector<std::string> out;
    for (const task_call& t : plan_.plan.tasks) out.push_back(t.id);
    return out;
  }

  void check_kind(const task_call& t, const agent_spec& agent, const field& f) {
    if (agent.kind == agent_kind::command) {
      if (const auto o = f.member("options"))
        o->fail(concat("options are for agents of kind llm, and ", quote(t.agent), " is a command"));
      if (const auto x = f.member("tools"))
        x->fail(concat("tools are for agents of kind llm, and ", quote(t.agent), " is a command"));
    } else if (!t.prompt && agent.prompt.empty() && trim(t.description).empty()) {
      f.fail("there is nothing to ask: expected a description, a prompt, or a prompt of its agent");
    }
  }

  void check_references(const result<std::vector<reference>>& found, task_call& t, const field& place,
                        const std::string& where) {
    const auto report = [&](std::string_view message) {
      place.fail(errc::unresolved_reference, concat("task ", quote(t.id), ": ", where, message));
    };
    if (!found) return report(found.error().message);
    for (const reference& r : *found) {
      switch (r.where) {
        case reference::kind::task_output:
          if (!ids_.contains(r.task))
            return report(concat(r.text, " names an unknown task", suggestion(r.task, task_ids(), "tasks")));
          if (std::find(t.depends_on.begin(), t.depends_on.end(), r.task) == t.depends_on.end())
            t.depends_on.push_back(r.task);
          break;
        case reference::kind::context:
          if (in_context_) return report(concat(r.text, ": a context cannot refer to itself"));
          check_value(r, t.context, report);
          break;
        case reference::kind::inputs:
          check_value(r, plan_.inputs, report);
          break;
        case reference::kind::state:
          if (!state_keys_.contains(r.key))
            return report(concat(r.text, ": no task has the state_key ", quote(r.key),
                                 suggestion(r.key, {state_keys_.begin(), state_keys_.end()}, "keys of the state")));
          break;
        case reference::kind::previous:
          if (!t.rules || !t.rules->repeat) return report(concat(r.text, ": the task does not repeat"));
          break;
        case reference::kind::iteration:
          break;
      }
    }
  }

  /// What a reference finds in a value before the run. A text that is itself a reference can become anything.
  template <class Report>
  void check_value(const reference& r, const json& value, const Report& report) {
    const result<json> all = at_pointer(value.is_null() ? json::object() : value, r.pointer);
    if (all) return;
    for (std::size_t end = r.pointer.find('/', 1); end != std::string::npos; end = r.pointer.find('/', end + 1)) {
      const result<json> part = at_pointer(value, std::string_view(r.pointer).substr(0, end));
      if (part && part->is_string() && r.where == reference::kind::context)
        if (const auto inner = find_references(*part); inner && !inner->empty()) return;
    }
    report(concat(r.text, ": ", all.error().message));
  }

  plan_document& plan_;
  std::unordered_set<std::string_view> ids_;
  std::set<std::string> state_keys_;
  std::vector<std::string> agents_;
  bool in_context_ = false;
};

}  // namespace

result<void> check_plan(plan_document& plan, const std::vector<field>& tasks) {
  plan_checker checker(plan);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    checker.check(plan.plan.tasks[i], tasks[i]);
    if (tasks[i].log().first) return *tasks[i].log().first;
  }
  std::optional<std::size_t> at_fault;
  const result<dependency_graph> graph = dependency_graph::build(plan.plan.tasks, {}, &at_fault);
  if (graph) return check_rules(plan, tasks);
  if (!at_fault) return in_place(graph.error(), plan.source);
  const field& task = tasks[*at_fault];
  const field place = task.member(graph.error().is(errc::duplicate_task) ? "id" : "depends_on").value_or(task);
  return in_place(graph.error(), concat(place.place(), ": ", place.path()));
}

}  // namespace corchestra::plan_file
