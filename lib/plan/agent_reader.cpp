#include "plan/agent_reader.hpp"

#include <algorithm>

#include <corchestra/base/json_schema.hpp>
#include "plan/byte_size.hpp"
#include "plan/name.hpp"

namespace corchestra::plan_file {

namespace {

bool has_nul(const std::string& s) { return s.find('\0') != std::string::npos; }

json read_output_schema(const field& f) {
  json schema = f.any_object();
  if (f.is_object())
    if (const auto compiled = json_schema::compile(schema); !compiled) f.fail(compiled.error().message);
  return schema;
}

void read_llm(const field& f, agent_spec& a) {
  if (!f.object({"kind", "model", "system", "prompt", "temperature", "max_tokens", "output_schema", "stream"})) return;
  if (const auto x = f.member("model")) a.model = x->non_empty("a model's name");
  if (const auto x = f.member("system")) a.system = x->text();
  if (const auto x = f.member("prompt")) a.prompt = x->non_empty("a prompt");
  if (const auto x = f.member("temperature")) a.temperature = x->number(0, 2);
  if (const auto x = f.member("max_tokens")) a.max_tokens = x->integer(1, 1'000'000'000);
  if (const auto x = f.member("output_schema")) a.output_schema = read_output_schema(*x);
  if (const auto x = f.member("stream")) a.stream = x->boolean();
}

void read_argv(const field& f, agent_spec& a) {
  constexpr std::string_view what = "a list of a program and its arguments";
  a.argv = f.texts(what);
  if (f.is_list() && (a.argv.empty() || a.argv.front().empty())) f.fail(concat("expected ", what, ", got no program"));
  if (std::any_of(a.argv.begin(), a.argv.end(), has_nul)) f.fail("an argument must not contain a NUL character");
}

void read_environment(const field& f, agent_spec& a) {
  if (!f.is_object()) f.expected("an object");
  for (std::size_t i = 0; const field& variable : f.members()) {
    const std::string& name = f.value().keys[i++];
    std::string value = variable.text();
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value))
      variable.fail("not an environment variable: no '=' in its name, no NUL character");
    a.env.emplace(name, std::move(value));
  }
}

void read_process_limits(const field& f, agent_spec& a) {
  if (!f.object({"memory", "cpu_time", "open_files"})) return;
  if (const auto x = f.member("memory")) a.limits.memory_bytes = read_byte_size(*x, 1024);
  if (const auto x = f.member("cpu_time")) a.limits.cpu_time = x->time_span();
  if (const auto x = f.member("open_files")) a.limits.open_files = static_cast<std::uint32_t>(x->integer(4, 1'000'000'000));
}

void read_command(const field& f, agent_spec& a) {
  if (!f.object({"kind", "argv", "cwd", "env", "limits"})) return;
  if (const auto x = f.required("argv")) read_argv(*x, a);
  if (const auto x = f.member("cwd")) a.cwd = x->non_empty("a folder");
  if (const auto x = f.member("env")) read_environment(*x, a);
  if (const auto x = f.member("limits")) read_process_limits(*x, a);
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
    read_command(f, a);
  }
  return a;
}

}  // namespace corchestra::plan_file
