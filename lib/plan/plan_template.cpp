#include <corchestra/plan/plan_document.hpp>

namespace corchestra {

std::string_view plan_template() {
  return R"yaml(# A plan of task calls for corchestra.
#   corchestra check plan.yaml              is it sound?
#   corchestra analyze plan.yaml            which task needs which?
#   corchestra run plan.yaml --simulate     run it against a simulated model
#   corchestra run plan.yaml                run it against OPENAI_BASE_URL with OPENAI_API_KEY

name: my-plan

# Values for ${inputs.*}; `--set topic="wind power"` overrides them.
inputs:
  topic: solar power
  audience: engineers

# For tasks and agents that do not say otherwise.
defaults:
  model: gpt-4.1-mini
  agent: writer
  retries: 1                          # or {max: 2, first_delay: 5s, factor: 2, max_delay: 60s}
  limits: {start_to_close: 120s}      # of one attempt

# Of the run as a whole.
limits:
  max_concurrent_tasks: 10
  run_timeout: 1h

# May a model find the dependencies of tasks without `depends_on`? auto, always or never.
analysis: auto

agents:
  researcher:
    kind: llm
    system: You are a careful researcher. Answer with short, checked statements.
    temperature: 0.2
    max_tokens: 800
  writer:
    kind: llm
    system: You write clear, plain prose.
  count_words:
    kind: command                     # a program: the task as JSON on its stdin, its output from its stdout
    argv: [wc, -w]

tasks:
  # `depends_on` is written down here, so the analyzer adds nothing to this task.
  - id: facts
    agent: researcher
    task_type: research
    description: Collect the most important facts about the topic
    prompt: "List five facts about ${inputs.topic} that ${inputs.audience} should know."
    depends_on: []
    priority: 20                      # higher is sooner; 10 is the default

  - id: risks
    agent: researcher
    task_type: research
    description: Collect the risks of the topic
    prompt: "List three risks of ${inputs.topic}, for ${context.reader}."
    context: {reader: decision makers}
    depends_on: []

  # A reference to an output is a dependency: this task starts when both others are done.
  - id: report
    task_type: writing
    description: Write the report from the facts and the risks
    prompt: |
      Write one page about ${inputs.topic}.

      Facts:
      ${tasks.facts.output}

      Risks:
      ${tasks.risks.output}
    resources: ["file:report.md"]     # one task at a time holds it; {id: "file:report.md", mode: shared} for readers
    limits: {start_to_close: 300s}

  - id: words
    agent: count_words
    task_type: check
    description: Count the words of the report
    context: {text: "${tasks.report.output}"}
)yaml";
}

}  // namespace corchestra
