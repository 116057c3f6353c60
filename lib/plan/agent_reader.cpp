#include "plan/agent_reader.hpp"

#include <corchestra/base/json_schema.hpp>
#include "plan/command_reader.hpp"
#include "plan/name.hpp"

namespace corchestra::plan_file {

namespace {

json read_agent_schema(const field& f) {
  json schema = f.any_object();
  if (f.is_object())
    if (const auto compiled = json_schema::compile(schema); !compiled) f.fail(compiled.error().message);
  return schema;
}

void read_llm(const field& f, agent_spec& a) {
  if (!f.object({"kind", "model", "system", "prompt", "temperature", "max_tokens", "output_schema", "stream", "tools",
                 "max_steps", "parallel_tools"}))
    return;
  if (const auto x = f.member("model")) a.model = x->non_empty("a model's name");
  if (const auto x = f.member("system")) a.system = x->text();
  if (const auto x = f.member("prompt")) a.prompt = x->non_empty("a prompt");
  if (const auto x = f.member("temperature")) a.temperature = x->number(0, 2);
  if (const auto x = f.member("max_tokens")) a.max_tokens = x->integer(1, 1'000'000'000);
  if (const auto x = f.member("output_schema")) a.output_schema = read_agent_schema(*x);
  if (const auto x = f.member("stream")) a.stream = x->boolean();
  if (const auto x = f.member("tools")) a.tools = x->texts("a list of tools");
  if (const auto x = f.member("max_steps")) a.max_steps = static_cast<int>(x->integer(1, 1000));
  if (const auto x = f.member("parallel_tools")) a.parallel_tools = static_cast<int>(x->integer(1, 1000));
}

void read_command_agent(const field& f, agent_spec& a) {
  if (f.object({"kind", "argv", "cwd", "env", "limits"})) read_command(f, a);
}

}  // namespace

agent_spec read_agent(const field& f, std::string name, const std::string& default_system) {
  agent_spec a;
  if (const std::string problem = name_problem(name); !problem.empty())
    f.fail(concat("the agent's name ", quote(name), " ", problem));
  a.name = std::move(name);
  if (!f.is_object()) {
    f.expected("an object");
    return a;
  }
  const auto kind = f.required("kind");
  if (!kind) return a;
  a.kind = kind->choice<agent_kind>({{"llm", agent_kind::llm}, {"command", agent_kind::command}});
  if (f.log().first) return a;
  if (a.kind == agent_kind::llm) {
    a.system = default_system;
    read_llm(f, a);
  } else {
    read_command_agent(f, a);
  }
  return a;
}

}  // namespace corchestra::plan_file
