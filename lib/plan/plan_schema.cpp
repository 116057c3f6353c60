#include <corchestra/plan/plan_document.hpp>

namespace corchestra {

namespace {

constexpr std::string_view schema_text = R"json({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "corchestra plan",
  "description": "A list of LLM agent task calls with their agents, defaults and limits.",
  "type": "object",
  "required": ["tasks"],
  "additionalProperties": false,
  "patternProperties": {"^x-": {"description": "Anything: a place for YAML anchors. Ignored."}},
  "properties": {
    "$schema": {"type": "string", "description": "For editors. Ignored."},
    "name": {"$ref": "#/definitions/non_empty", "description": "The run's name."},
    "inputs": {
      "type": "object",
      "description": "Values for ${inputs.KEY}; overridden by --set KEY=VALUE."
    },
    "defaults": {
      "type": "object",
      "description": "For tasks and agents that do not say otherwise.",
      "additionalProperties": false,
      "properties": {
        "model": {"$ref": "#/definitions/non_empty", "description": "The model of llm agents that name none."},
        "system": {"type": "string", "description": "The system prompt of llm agents that have none."},
        "agent": {"$ref": "#/definitions/non_empty", "description": "The agent of tasks that name none."},
        "priority": {"$ref": "#/definitions/priority"},
        "limits": {"$ref": "#/definitions/task_limits"},
        "retries": {"$ref": "#/definitions/retries"}
      }
    },
    "limits": {
      "type": "object",
      "description": "Limits of the run as a whole.",
      "additionalProperties": false,
      "properties": {
        "max_concurrent_tasks": {
          "type": "integer", "minimum": 1, "maximum": 100000, "default": 10,
          "description": "How many tasks may run at once."
        },
        "run_timeout": {"$ref": "#/definitions/duration", "description": "The longest the run may take."},
        "cancel_grace": {
          "$ref": "#/definitions/duration",
          "description": "From a cancel request to the abandonment of a task that does not stop. Default 5s."
        },
        "max_spawned_tasks": {
          "type": "integer", "minimum": 0, "maximum": 10000000, "default": 10000,
          "description": "How many tasks the run's tasks may spawn in all."
        },
        "max_children_per_task": {
          "type": "integer", "minimum": 0, "maximum": 10000000, "default": 1000,
          "description": "How many tasks one task may spawn."
        },
        "max_depth": {
          "type": "integer", "minimum": 0, "maximum": 10000, "default": 64,
          "description": "How many generations of spawned tasks there may be."
        }
      }
    },
    "analysis": {
      "description": "Whether a model looks for dependencies of the tasks without depends_on.",
      "anyOf": [
        {"$ref": "#/definitions/analysis_mode"},
        {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "mode": {"$ref": "#/definitions/analysis_mode"},
            "model": {"$ref": "#/definitions/non_empty", "description": "The model that is asked."}
          }
        }
      ]
    },
    "fail_fast": {
      "type": "boolean", "default": false,
      "description": "Whether the first failure cancels everything else."
    },
    "mode": {
      "enum": ["auto", "sequential"], "default": "auto",
      "description": "auto: a task starts the moment it can. sequential: one at a time, in topological order."
    },
    "agents": {
      "type": "object",
      "description": "The agents that carry out tasks, by name.",
      "propertyNames": {"$ref": "#/definitions/name"},
      "additionalProperties": {"anyOf": [{"$ref": "#/definitions/llm_agent"}, {"$ref": "#/definitions/command_agent"}]}
    },
    "tasks": {
      "type": "array",
      "minItems": 1,
      "description": "The task calls. Their order breaks ties.",
      "items": {"$ref": "#/definitions/task"}
    }
  },
  "definitions": {
    "non_empty": {"type": "string", "pattern": "\\S"},
    "name": {
      "type": "string", "minLength": 1, "maxLength": 200,
      "pattern": "^[^/\\s]+$",
      "not": {"enum": [".", ".."]}
    },
    "priority": {
      "type": "integer", "minimum": -1000000, "maximum": 1000000, "default": 10,
      "description": "Higher is sooner; critical is 100."
    },
    "duration": {
      "description": "Such as 500ms, 30s, 1h30m, 1d, or a number of seconds; above zero.",
      "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 3153600000},
        {"type": "string", "pattern": "^\\s*[0-9]+(\\.[0-9]+)?\\s*((d|h|m|s|ms)(\\s*[0-9]+(\\.[0-9]+)?\\s*(h|m|s|ms))*)?\\s*$"}
      ]
    },
    "analysis_mode": {
      "enum": ["auto", "always", "never"], "default": "auto",
      "description": "auto: when 2 to 100 tasks have no depends_on and there is an endpoint. always: an error where it cannot. never."
    },
    "task_limits": {
      "type": "object",
      "description": "Time limits of a task.",
      "additionalProperties": false,
      "properties": {
        "schedule_to_start": {"$ref": "#/definitions/duration", "description": "From submission to the first attempt's start."},
        "start_to_close": {"$ref": "#/definitions/duration", "description": "Of one attempt. Default 3600s."},
        "schedule_to_close": {"$ref": "#/definitions/duration", "description": "From submission to the end, all attempts."},
        "heartbeat_timeout": {"$ref": "#/definitions/duration", "description": "Longest silence of a running attempt."}
      }
    },
    "retries": {
      "description": "How often a failed task is tried again. Default 0.",
      "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 1000},
        {
          "type": "object",
          "required": ["max"],
          "additionalProperties": false,
          "properties": {
            "max": {"type": "integer", "minimum": 0, "maximum": 1000},
            "first_delay": {"$ref": "#/definitions/duration", "description": "Before the first retry. Default 5s."},
            "factor": {"type": "number", "minimum": 1, "maximum": 100, "default": 2, "description": "By which the delay grows."},
            "max_delay": {"$ref": "#/definitions/duration", "description": "The longest delay. Default 60s."},
            "jitter": {"type": "boolean", "default": true, "description": "Draw each delay between zero and itself."}
          }
        }
      ]
    },
    "llm_agent": {
      "type": "object",
      "description": "An agent that asks a model.",
      "required": ["kind"],
      "additionalProperties": false,
      "properties": {
        "kind": {"const": "llm"},
        "model": {"$ref": "#/definitions/non_empty"},
        "system": {"type": "string", "description": "The system prompt."},
        "prompt": {"$ref": "#/definitions/non_empty", "description": "The prompt template of tasks without their own."},
        "temperature": {"type": "number", "minimum": 0, "maximum": 2},
        "max_tokens": {"type": "integer", "minimum": 1, "maximum": 1000000000},
        "output_schema": {"type": "object", "description": "A JSON Schema: the output is then JSON that matches it."},
        "stream": {"type": "boolean", "default": true, "description": "Whether replies are streamed."}
      }
    },
    "command_agent": {
      "type": "object",
      "description": "An agent that runs a program: the task as JSON on its stdin, its output from its stdout.",
      "required": ["kind", "argv"],
      "additionalProperties": false,
      "properties": {
        "kind": {"const": "command"},
        "argv": {
          "type": "array",
          "items": [{"type": "string", "minLength": 1}],
          "additionalItems": {"type": "string"},
          "minItems": 1,
          "description": "The program and its arguments; references are filled in, each as one argument; no shell."
        },
        "cwd": {"$ref": "#/definitions/non_empty", "description": "The folder it starts in, relative to the plan's."},
        "env": {
          "type": "object",
          "description": "Environment variables, added to the inherited ones.",
          "propertyNames": {"pattern": "^[^=]+$"},
          "additionalProperties": {"type": "string"}
        }
      }
    },
    "resource": {
      "anyOf": [
        {"$ref": "#/definitions/non_empty"},
        {
          "type": "object",
          "required": ["id"],
          "additionalProperties": false,
          "properties": {
            "id": {"$ref": "#/definitions/non_empty"},
            "mode": {"enum": ["exclusive", "shared"], "default": "exclusive"}
          }
        }
      ]
    },
    "task": {
      "type": "object",
      "description": "One request to an agent.",
      "required": ["id"],
      "additionalProperties": false,
      "not": {"required": ["prompt", "prompt_file"]},
      "properties": {
        "id": {"$ref": "#/definitions/name", "description": "Unique in the plan; names files of the output."},
        "agent": {"$ref": "#/definitions/non_empty", "description": "The agent's name; absent: defaults.agent."},
        "task_type": {"type": "string", "description": "Free text for grouping."},
        "description": {"type": "string", "description": "What is to be done, for people, models and the dependency analyzer."},
        "prompt": {"$ref": "#/definitions/non_empty", "description": "The prompt template; absent: description and context."},
        "prompt_file": {"$ref": "#/definitions/non_empty", "description": "A file that holds the prompt template, relative to the plan's folder."},
        "context": {"type": "object", "description": "Input data: ${context.KEY} in the prompt."},
        "depends_on": {
          "type": "array",
          "items": {"$ref": "#/definitions/non_empty"},
          "description": "Ids of tasks that must complete first. Where it is there, even empty, the analyzer adds nothing."
        },
        "priority": {"$ref": "#/definitions/priority"},
        "resources": {
          "type": "array",
          "items": {"$ref": "#/definitions/resource"},
          "uniqueItems": true,
          "description": "What the task holds while it runs: all of it or it does not start."
        },
        "limits": {"$ref": "#/definitions/task_limits"},
        "retries": {"$ref": "#/definitions/retries"},
        "options": {
          "type": "object",
          "description": "For llm agents: this task's own settings.",
          "additionalProperties": false,
          "properties": {
            "model": {"$ref": "#/definitions/non_empty"},
            "temperature": {"type": "number", "minimum": 0, "maximum": 2},
            "max_tokens": {"type": "integer", "minimum": 1, "maximum": 1000000000}
          }
        }
      }
    }
  }
})json";

}  // namespace

const json& plan_schema() {
  static const json schema = json::parse(schema_text);
  return schema;
}

}  // namespace corchestra
