#pragma once

#include "plan/plan_texts.hpp"

namespace corchestra::tests {

/// A sound plan with all that can be said of tools.
inline constexpr std::string_view tool_plan = R"(
inputs: {file: words.txt}
tools:
  count:
    description: Counts the words of a text
    parameters: {type: object, properties: {text: {type: string}}, required: [text]}
    argv: [python3, count.py, "${inputs.file}"]
    cwd: scripts
    env: {LANG: C}
    limits: {memory: 64MiB, cpu_time: 5s}
    timeout: 10s
    max_output: 16KiB
    approval: true
  now: {description: Tells the time, argv: [date]}
agents:
  writer: {kind: llm, tools: [now], max_steps: 5, parallel_tools: 2}
tasks:
  - {id: a, agent: writer, prompt: p}
  - {id: b, agent: writer, prompt: p, tools: [count, now], options: {max_tokens: 5}}
  - {id: c, agent: writer, prompt: p, tools: []}
)";

/// Malformed plans with tools, with the one message each gets.
inline const std::vector<bad_plan>& bad_tool_plans() {
  constexpr bool beyond_schema = false;
  static const std::vector<bad_plan> plans = {
      {"tools that are a list", "tools: [a]\ntasks: [{id: a, agent: x}]\n",
       "p.yaml:1: tools: expected an object of tools by name, got a list"},
      {"a tool without a description", "tools:\n  t: {argv: [date]}\ntasks: [{id: a, agent: x}]\n",
       "p.yaml:2: tools.t: the key 'description' is missing"},
      {"a tool without a program", "tools:\n  t: {description: d}\ntasks: [{id: a, agent: x}]\n",
       "p.yaml:2: tools.t: the key 'argv' is missing"},
      {"a tool with an agent's key",
       "tools:\n  t: {description: d, argv: [date], kind: command}\ntasks: [{id: a, agent: x}]\n",
       "p.yaml:2: tools.t.kind: unknown key; known keys: description, parameters, argv, cwd, env, limits, timeout, "
       "max_output, approval"},
      {"a tool's name that the API does not take",
       "tools:\n  two words: {description: d, argv: [date]}\ntasks: [{id: a, agent: x}]\n",
       "p.yaml:2: tools.two words: the tool's name 'two words' is not [A-Za-z0-9_-]{1,64}"},
      {"parameters that are no object's",
       "tools:\n  t: {description: d, argv: [date], parameters: {type: array}}\ntasks: [{id: a, agent: x}]\n",
       "p.yaml:2: tools.t.parameters: expected a schema with 'type: object'"},
      {"parameters that are no schema",
       "tools:\n  t: {description: d, argv: [date], parameters: {type: object, required: 7}}\ntasks: [{id: a, agent: "
       "x}]\n",
       "p.yaml:2: tools.t.parameters: not a usable JSON Schema: JSON value is not an array.", beyond_schema},
      {"a tool that refers to a task",
       "tools:\n  t:\n    description: d\n    argv: [echo, \"${tasks.a.output}\"]\ntasks: [{id: a, agent: x}]\n",
       "p.yaml:4: tools.t.argv[1]: ${tasks.a.output}: a tool can only refer to inputs", beyond_schema,
       errc::unresolved_reference},
      {"a tool that refers to an input that is not there",
       "tools:\n  t: {description: d, argv: [\"${inputs.x}\"]}\ntasks: [{id: a, agent: x}]\n",
       "p.yaml:2: tools.t.argv[0]: ${inputs.x}: pointer '/x': no member 'x' (the object is empty)", beyond_schema,
       errc::unresolved_reference},
      {"an agent with an unknown tool",
       "tools: {count: {description: d, argv: [wc]}}\nagents:\n  w: {kind: llm, tools: [cuont]}\ntasks: [{id: a, "
       "agent: x}]\n",
       "p.yaml:3: agents.w.tools[0]: unknown tool 'cuont', did you mean 'count'?", beyond_schema},
      {"no steps", "agents:\n  w: {kind: llm, max_steps: 0}\ntasks: [{id: a, agent: x}]\n",
       "p.yaml:2: agents.w.max_steps: expected an integer from 1 to 1000, got 0"},
      {"a task with an unknown tool",
       "agents: {w: {kind: llm}}\ntasks:\n  - {id: a, agent: w, prompt: p, tools: [x]}\n",
       "p.yaml:3: tasks[0].tools[0]: unknown tool 'x'; there are no tools", beyond_schema},
      {"a task with tools of a command",
       "tools: {t: {description: d, argv: [wc]}}\nagents: {c: {kind: command, argv: [date]}}\ntasks:\n  - {id: a, "
       "agent: c, "
       "tools: [t]}\n",
       "p.yaml:4: tasks[0].tools: tools are for agents of kind llm, and 'c' is a command", beyond_schema},
      {"a task's tools that are text", "agents: {w: {kind: llm}}\ntasks:\n  - {id: a, agent: w, prompt: p, tools: t}\n",
       "p.yaml:3: tasks[0].tools: expected a list of tools, got 't'"},
  };
  return plans;
}

}  // namespace corchestra::tests
