#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/error.hpp>

namespace corchestra::tests {

struct bad_plan {
  std::string_view about;
  std::string_view text;
  std::string_view message;
  bool structural = true;  ///< the JSON Schema refuses it too
  errc code = errc::invalid_plan;
};

/// Malformed YAML plans with the one message each gets. `p.yaml` stands for the file.
inline const std::vector<bad_plan>& bad_plans() {
  constexpr bool beyond_schema = false;
  static const std::vector<bad_plan> plans = {
      {"an empty file", "", "p.yaml:1: expected an object, got nothing"},
      {"a list", "- a\n", "p.yaml:1: expected an object, got a list"},
      {"text", "hello\n", "p.yaml:1: expected an object, got 'hello'"},
      {"no tasks", "name: x\n", "p.yaml:1: the key 'tasks' is missing"},
      {"empty tasks", "tasks: []\n", "p.yaml:1: tasks: the plan has no tasks"},
      {"tasks of the wrong type", "name: x\ntasks:\n  a: 1\n",
       "p.yaml:2: tasks: expected a list of task calls, got an object"},
      {"a misspelt key", "agnets: {}\ntasks: []\n", "p.yaml:1: agnets: unknown key, did you mean 'agents'?"},
      {"an unknown key", "frobnication: 1\ntasks: []\n",
       "p.yaml:1: frobnication: unknown key; known keys: name, inputs, defaults, limits, agents, tools, analysis, "
       "fail_fast, max_failed, mode, order, resources, resource_rules, groups, budget, fairness, state, keep, "
       "retry_budget, "
       "unsafe_ignore_dependencies, ..."},
      {"a name that is a number", "name: 7\ntasks: []\n", "p.yaml:1: name: expected a name, got 7"},
      {"inputs that are a list", "inputs: [a]\ntasks: []\n", "p.yaml:1: inputs: expected an object, got a list"},
      {"slots of zero", "limits:\n  max_concurrent_tasks: 0\ntasks: []\n",
       "p.yaml:2: limits.max_concurrent_tasks: expected an integer from 1 to 100000, got 0"},
      {"slots beyond the limit", "limits: {max_concurrent_tasks: 100001}\ntasks: []\n",
       "p.yaml:1: limits.max_concurrent_tasks: expected an integer from 1 to 100000, got 100001"},
      {"slots in words", "limits: {max_concurrent_tasks: many}\ntasks: []\n",
       "p.yaml:1: limits.max_concurrent_tasks: expected an integer, got 'many'"},
      {"a duration that is none", "limits: {run_timeout: soon}\ntasks: []\n",
       "p.yaml:1: limits.run_timeout: expected a duration above zero, at most 36500d, such as 30s or 1h30m, got 'soon'"},
      {"a duration of zero", "limits: {run_timeout: 0}\ntasks: []\n",
       "p.yaml:1: limits.run_timeout: expected a duration above zero, at most 36500d, such as 30s or 1h30m, got 0"},
      {"a negative duration", "limits: {run_timeout: -5s}\ntasks: []\n",
       "p.yaml:1: limits.run_timeout: expected a duration above zero, at most 36500d, such as 30s or 1h30m, got '-5s'"},
      {"a number of seconds beyond all bounds", "limits: {run_timeout: 1e300}\ntasks: []\n",
       "p.yaml:1: limits.run_timeout: expected a duration above zero, at most 36500d, such as 30s or 1h30m, got 1e+300"},
      {"analysis of another mode", "analysis: sometimes\ntasks: []\n",
       "p.yaml:1: analysis: expected auto or always or never, got 'sometimes'"},
      {"YAML 1.1 words are text", "fail_fast: yes\ntasks: []\n",
       "p.yaml:1: fail_fast: expected true or false, got 'yes'"},
      {"a mode that is none", "mode: fast\ntasks: []\n",
       "p.yaml:1: mode: expected one of auto, sequential, levels, parallel, got 'fast'"},
      {"defaults with a task's key", "defaults: {prompt: x}\ntasks: []\n",
       "p.yaml:1: defaults.prompt: unknown key; known keys: model, system, agent, priority, limits, retries"},
      {"an agent that is text", "agents: {a: llm}\ntasks: []\n", "p.yaml:1: agents.a: expected an object, got 'llm'"},
      {"an agent without kind", "agents:\n  a: {model: m}\ntasks: []\n",
       "p.yaml:2: agents.a: the key 'kind' is missing"},
      {"an agent of another kind", "agents:\n  a:\n    kind: lm\ntasks: []\n",
       "p.yaml:3: agents.a.kind: expected llm or command, got 'lm'"},
      {"an llm agent with a command's key", "agents:\n  a: {kind: llm, argv: [ls]}\ntasks: []\n",
       "p.yaml:2: agents.a.argv: unknown key; known keys: kind, model, system, prompt, temperature, max_tokens, "
       "output_schema, stream, tools, max_steps, parallel_tools"},
      {"a command with an llm's key", "agents:\n  a: {kind: command, argv: [ls], model: m}\ntasks: []\n",
       "p.yaml:2: agents.a.model: unknown key; known keys: kind, argv, cwd, env, limits"},
      {"a command without argv", "agents:\n  a: {kind: command}\ntasks: []\n",
       "p.yaml:2: agents.a: the key 'argv' is missing"},
      {"an empty argv", "agents:\n  a: {kind: command, argv: []}\ntasks: []\n",
       "p.yaml:2: agents.a.argv: expected a list of a program and its arguments, got no program"},
      {"an argv that is one text", "agents:\n  a: {kind: command, argv: ls -l}\ntasks: []\n",
       "p.yaml:2: agents.a.argv: expected a list of a program and its arguments, got 'ls -l'"},
      {"an argument that is a number", "agents:\n  a: {kind: command, argv: [sleep, 5]}\ntasks: []\n",
       "p.yaml:2: agents.a.argv[1]: expected text, got 5"},
      {"an environment value that is a number",
       "agents:\n  a: {kind: command, argv: [x], env: {PORT: 80}}\ntasks: []\n",
       "p.yaml:2: agents.a.env.PORT: expected text, got 80"},
      {"a temperature out of range", "agents:\n  a: {kind: llm, temperature: 2.5}\ntasks: []\n",
       "p.yaml:2: agents.a.temperature: expected a number from 0.0 to 2.0, got 2.5"},
      {"a temperature that is not finite", "agents:\n  a: {kind: llm, temperature: .nan}\ntasks: []\n",
       "p.yaml:2: agents.a.temperature: expected a number from 0.0 to 2.0, got '.nan'"},
      {"max_tokens of zero", "agents:\n  a: {kind: llm, max_tokens: 0}\ntasks: []\n",
       "p.yaml:2: agents.a.max_tokens: expected an integer from 1 to 1000000000, got 0"},
      {"an agent's name with a blank", "agents:\n  my agent: {kind: llm}\ntasks: []\n",
       "p.yaml:2: agents.my agent: the agent's name 'my agent' must not contain white space"},
      {"a task that is text", "tasks:\n  - load\n", "p.yaml:2: tasks[0]: expected an object, got 'load'"},
      {"a task without id", "tasks:\n  - {agent: a}\n", "p.yaml:2: tasks[0]: the key 'id' is missing"},
      {"a task without agent", "tasks:\n  - id: a\n    description: x\n",
       "p.yaml:2: tasks[0]: the key 'agent' is missing", beyond_schema},
      {"an id that is a number", "tasks:\n  - {id: 7, agent: a}\n", "p.yaml:2: tasks[0].id: expected text, got 7"},
      {"an empty id", "tasks:\n  - {id: '', agent: a}\n", "p.yaml:2: tasks[0].id: '' must not be empty"},
      {"an id with a slash", "tasks:\n  - {id: a/b, agent: a}\n",
       "p.yaml:2: tasks[0].id: 'a/b' must not contain '/' (it separates spawned tasks from their parent)"},
      {"an id with white space", "tasks:\n  - {id: a b, agent: a}\n",
       "p.yaml:2: tasks[0].id: 'a b' must not contain white space"},
      {"an id with a control character", "tasks:\n  - {id: \"a\\u0001\", agent: a}\n",
       "p.yaml:2: tasks[0].id: 'a\\x01' must not contain control characters"},
      {"an id that names a folder", "tasks:\n  - {id: .., agent: a}\n", "p.yaml:2: tasks[0].id: '..' must not be '..'"},
      {"a misspelt key of a task", "tasks:\n  - id: a\n    agent: a\n    promt: x\n",
       "p.yaml:4: tasks[0].promt: unknown key, did you mean 'prompt'?"},
      {"a priority in words",
       "tasks:\n  - {id: a, agent: a}\n  - {id: b, agent: a}\n  - id: c\n    agent: a\n    priority: high\n",
       "p.yaml:6: tasks[2].priority: expected an integer, got 'high'"},
      {"a priority that is quoted", "tasks:\n  - {id: a, agent: a, priority: \"5\"}\n",
       "p.yaml:2: tasks[0].priority: expected an integer, got '5'"},
      {"depends_on that is text", "tasks:\n  - {id: a, agent: a, depends_on: b}\n",
       "p.yaml:2: tasks[0].depends_on: expected a list of task ids, got 'b'"},
      {"depends_on with nothing after it", "tasks:\n  - id: a\n    agent: a\n    depends_on:\n",
       "p.yaml:4: tasks[0].depends_on: expected a list of task ids, got nothing"},
      {"a context that is a list", "tasks:\n  - {id: a, agent: a, context: [1]}\n",
       "p.yaml:2: tasks[0].context: expected an object, got a list"},
      {"a resource of another mode", "tasks:\n  - {id: a, agent: a, resources: [{id: db, mode: read}]}\n",
       "p.yaml:2: tasks[0].resources[0].mode: expected one of exclusive, shared, intent_exclusive, intent_shared, got "
       "'read'"},
      {"a resource without id", "tasks:\n  - {id: a, agent: a, resources: [{mode: shared}]}\n",
       "p.yaml:2: tasks[0].resources[0]: the key 'id' is missing"},
      {"a resource that is a number", "tasks:\n  - {id: a, agent: a, resources: [1]}\n",
       "p.yaml:2: tasks[0].resources[0]: expected a resource name, or an object with 'id' and 'mode' or 'amount', got "
       "1"},
      {"a resource twice", "tasks:\n  - {id: a, agent: a, resources: [db, db]}\n",
       "p.yaml:2: tasks[0].resources[1]: the resource 'db' is there twice"},
      {"a limit that does not exist", "tasks:\n  - {id: a, agent: a, limits: {timeout: 3s}}\n",
       "p.yaml:2: tasks[0].limits.timeout: unknown key; known keys: schedule_to_start, start_to_close, "
       "schedule_to_close, "
       "heartbeat_timeout"},
      {"negative retries", "tasks:\n  - {id: a, agent: a, retries: -1}\n",
       "p.yaml:2: tasks[0].retries: expected an integer from 0 to 1000, got -1"},
      {"retries in words", "tasks:\n  - {id: a, agent: a, retries: often}\n",
       "p.yaml:2: tasks[0].retries: expected an integer, or an object with 'max', got 'often'"},
      {"retries without max", "tasks:\n  - {id: a, agent: a, retries: {factor: 2}}\n",
       "p.yaml:2: tasks[0].retries: the key 'max' is missing"},
      {"a prompt and a prompt file", "tasks:\n  - {id: a, agent: a, prompt: x, prompt_file: y}\n",
       "p.yaml:2: tasks[0].prompt_file: 'prompt' and 'prompt_file' exclude each other"},
      {"a prompt file that is not there", "tasks:\n  - {id: a, agent: a, prompt_file: no/such.txt}\n",
       "p.yaml:2: tasks[0].prompt_file: cannot read './no/such.txt': No such file or directory", beyond_schema,
       errc::file_error},
      {"an option that does not exist", "tasks:\n  - {id: a, agent: a, options: {top_p: 1}}\n",
       "p.yaml:2: tasks[0].options.top_p: unknown key; known keys: model, temperature, max_tokens"},

      // what names something else
      {"an unknown agent", "agents:\n  researcher: {kind: llm}\ntasks:\n  - {id: a, agent: reseacher, prompt: x}\n",
       "p.yaml:4: tasks[0].agent: unknown agent 'reseacher', did you mean 'researcher'?", beyond_schema,
       errc::unknown_agent},
      {"an unknown agent far from all",
       "agents: {x: {kind: llm}, y: {kind: llm}}\ntasks:\n  - {id: a, agent: plotter}\n",
       "p.yaml:3: tasks[0].agent: unknown agent 'plotter'; known agents: x, y", beyond_schema, errc::unknown_agent},
      {"no agents at all", "tasks:\n  - {id: a, agent: x}\n",
       "p.yaml:2: tasks[0].agent: unknown agent 'x'; there are no agents", beyond_schema, errc::unknown_agent},
      {"nothing to ask", "agents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x}\n",
       "p.yaml:3: tasks[0]: there is nothing to ask: expected a description, a prompt, or a prompt of its agent",
       beyond_schema},
      {"options for a command",
       "agents: {x: {kind: command, argv: [ls]}}\ntasks:\n  - {id: a, agent: x, options: {model: m}}\n",
       "p.yaml:3: tasks[0].options: options are for agents of kind llm, and 'x' is a command", beyond_schema},
      {"duplicate ids",
       "agents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x, prompt: p}\n  - {id: a, agent: x, prompt: p}\n",
       "p.yaml:4: tasks[1].id: task ids used more than once: 'a'", beyond_schema, errc::duplicate_task},
      {"unknown dependencies",
       "agents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x, prompt: p, depends_on: [b, c]}\n  - {id: d, agent: x, "
       "prompt: p, "
       "depends_on: [b]}\n",
       "p.yaml:3: tasks[0].depends_on: unknown task ids: 'b' (asked for by 'a', 'd'), 'c' (asked for by 'a')", beyond_schema,
       errc::unknown_task},
      {"a cycle of dependencies and references",
       "agents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x, prompt: p, depends_on: [b]}\n  - {id: b, agent: x, "
       "prompt: "
       "\"${tasks.a.output}\"}\n",
       "p.yaml:3: tasks[0].depends_on: tasks that wait for each other (each needs the next): a -> b -> a", beyond_schema,
       errc::dependency_cycle},
      {"a task that refers to itself",
       "agents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x, prompt: \"${tasks.a.output}\"}\n",
       "p.yaml:3: tasks[0]: tasks that wait for each other (each needs the next): a -> a", beyond_schema, errc::dependency_cycle},
      {"a reference to an unknown task",
       "agents: {x: {kind: llm}}\ntasks:\n  - {id: load, agent: x, prompt: p}\n  - id: write\n    agent: x\n    "
       "prompt: \"From "
       "${tasks.laod.output}\"\n",
       "p.yaml:6: tasks[1].prompt: task 'write': ${tasks.laod.output} names an unknown task, did you mean 'load'?",
       beyond_schema, errc::unresolved_reference},
      {"a reference to an unknown task from argv",
       "agents: {x: {kind: command, argv: [cat, \"${tasks.no.output}\"]}}\ntasks:\n  - {id: load, agent: x}\n",
       "p.yaml:3: tasks[0]: task 'load': the argv of agent 'x': ${tasks.no.output} names an unknown task; known tasks: "
       "load",
       beyond_schema, errc::unresolved_reference},
      {"a reference to an input that is not there",
       "inputs: {topic: t}\nagents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x, prompt: \"${inputs.topci}\"}\n",
       "p.yaml:4: tasks[0].prompt: task 'a': ${inputs.topci}: pointer '/topci': no member 'topci' (there are: topic)",
       beyond_schema, errc::unresolved_reference},
      {"a reference to a context that is not there",
       "agents: {x: {kind: llm, prompt: \"${context.k}\"}}\ntasks:\n  - {id: a, agent: x}\n",
       "p.yaml:3: tasks[0]: task 'a': the prompt of agent 'x': ${context.k}: pointer '/k': no member 'k' (the object "
       "is empty)",
       beyond_schema, errc::unresolved_reference},
      {"a context that refers to itself",
       "agents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x, prompt: p, context: {k: \"${context.l}\", l: 1}}\n",
       "p.yaml:3: tasks[0].context: task 'a': ${context.l}: a context cannot refer to itself", beyond_schema,
       errc::unresolved_reference},
      {"a reference without a known beginning",
       "agents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x, prompt: \"${HOME}\"}\n",
       "p.yaml:3: tasks[0].prompt: task 'a': '${HOME}': expected ${tasks.ID.output}, ${context.KEY}, ${inputs.KEY}, "
       "${state.KEY}, ${previous} or ${iteration}, each with an optional #/pointer ($${ stands for a literal ${)",
       beyond_schema, errc::unresolved_reference},
      {"a reference without its brace",
       "agents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x, description: \"see ${tasks.a\"}\n",
       "p.yaml:3: tasks[0].description: task 'a': '${tasks.a': the closing brace is missing ($${ stands for a literal "
       "${)",
       beyond_schema, errc::unresolved_reference},
  };
  return plans;
}

/// Sound plans.
inline const std::vector<std::string_view>& good_plans() {
  static const std::vector<std::string_view> plans = {
      R"(name: market-report
inputs: {topic: solar power}
defaults: {model: gpt-4.1-mini, retries: 1, limits: {start_to_close: 120s}}
limits: {max_concurrent_tasks: 10, run_timeout: 1h}
agents:
  researcher: {kind: llm, model: gpt-4.1-mini, system: "You are a careful researcher.", temperature: 0.2, max_tokens: 800}
  plotter:    {kind: command, argv: [python3, plot.py]}
tasks:
  - id: load
    agent: researcher
    task_type: ingestion
    description: Load the figures
    prompt: "Summarise ${inputs.topic} for ${context.reader}"
    context: {reader: engineers}
    depends_on: []
    priority: 10
    resources: ["file:data/report.md", {id: "service:db", mode: shared}]
    limits: {start_to_close: 30s}
  - id: write
    agent: researcher
    description: Write the section
    prompt: "Write it from ${tasks.load.output}"
)",
      R"($schema: https://example.org/plan.json
x-common: &common {agent: a, priority: 3, limits: {start_to_close: 1m 30s, heartbeat_timeout: 0.5}}
defaults: {agent: a, system: S, priority: 5}
analysis: {mode: always, model: big}
fail_fast: true
mode: sequential
limits: {cancel_grace: 1s, max_spawned_tasks: 0, max_children_per_task: 2, max_depth: 3}
agents:
  a: {kind: llm, stream: false, prompt: "Do ${context.what}", output_schema: {type: object}}
  b: {kind: command, argv: [cat, "${tasks.t.1.output#/rows/0}"], cwd: sub, env: {LANG: C}}
tasks:
  - {<<: *common, id: t.1, context: {what: it}, retries: {max: 2, first_delay: 1s, factor: 1.5, max_delay: 3s, jitter: false}}
  - {<<: *common, id: u, priority: -7, context: {what: "${tasks.t.1.output}"}, options: {model: m, temperature: 1, max_tokens: 5}}
  - {id: v, agent: b, depends_on: [u], resources: [{id: x}]}
)",
      R"(name: engine
agents: {a: {kind: llm}}
defaults: {agent: a}
mode: parallel
unsafe_ignore_dependencies: true
order: critical_path
max_failed: 3
retry_budget: 0.2
keep: failed
limits: {slots_by_agent: {a: 2}, slots_by_task_type: {t: 3}, slots_by_key: {team: 4}, max_iterations: 50, max_replans: 2}
resources: {gpu: 4, disk: {capacity: 1}, api: {rate: 60, per: 1m}}
resource_rules:
  rules: [{when: {agents: [a]}, resources: {db: shared}}, {when: [{words: [x]}, {context: [k]}], resources: [y]}]
  groups: [{group: g, when: {task_types: [t]}}]
  other_group: rest
  reading: {words: [read]}
  writing: [{words: [write]}]
  limits: {q: {rate: 5, per: 1s}}
groups: {g: {fail_fast: true, max_failed: 20%, timeout: 5m}, h: {max_failed: 2}}
budget: {tokens: 100000, usd: 2.5, alert_at: 0.9, on_exhausted: cancel, agents: {a: {usd: "1.25"}}}
fairness: {team: 2.5}
state: {rows: append}
tasks:
  - id: sort
    prompt: p
    approval: {message: "Go?", timeout: 1h, default: approve}
    branches: {on: /kind, cases: [{equals: news, tasks: [n]}], otherwise: [m]}
    repeat: {until: {at: /done, equals: true}, max_iterations: 5}
    reserve: {tokens: 100, usd: 0.01}
    budget: {tokens: 200}
    output_schema: {type: object}
    state_key: rows
    effect: pure
    hold_across_waits: true
    expected_duration: 5m
    weight: 2
    group: g
    fairness_key: team
    resources: {gpu: 2, "file:a.md": shared, api: {amount: 3}, "directory:d": {mode: intent_exclusive}}
  - {id: n, prompt: "${state.rows}", depends_on: [sort], join: all_done, resources: [{id: gpu, amount: 1}], approval: "Sure?", repeat: {until: done}}
  - {id: m, prompt: p, depends_on: ["sort/*"], join: {quorum: 1}, branches: {yes: [z], else: [z]}}
  - {id: z, prompt: p, depends_on: [m], resources: []}
)"};
  return plans;
}

}  // namespace corchestra::tests
