#include <corchestra/plan/plan_document.hpp>

#include "plan/agent_schema.hpp"
#include "plan/task_schema.hpp"

namespace corchestra {

namespace {

constexpr std::string_view plan_text = R"json({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "corchestra plan",
  "description": "A list of LLM agent task calls with their agents, defaults and limits.",
  "type": "object",
  "required": ["tasks"],
  "if": {"required": ["mode"], "properties": {"mode": {"const": "parallel"}}},
  "then": {
    "required": ["unsafe_ignore_dependencies"],
    "properties": {"unsafe_ignore_dependencies": {"const": true}}
  },
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
        "preset": {
          "enum": ["stage8", "ucop", "jobpool", "taskcall"],
          "description": "The limits of an earlier system, where nothing else is said here."
        },
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
        },
        "max_iterations": {
          "type": "integer", "minimum": 1, "maximum": 1000000, "default": 1000,
          "description": "The highest max_iterations of a task's repeat."
        },
        "max_replans": {
          "type": "integer", "minimum": 0, "maximum": 10000, "default": 1,
          "description": "How often a task may replan."
        },
        "slots_by_agent": {"$ref": "#/definitions/slots", "description": "How many tasks of an agent may run at once."},
        "slots_by_task_type": {"$ref": "#/definitions/slots", "description": "How many tasks of a type may run at once."},
        "slots_by_key": {"$ref": "#/definitions/slots", "description": "How many tasks of a fairness key may run at once."}
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
    "max_failed": {
      "type": "integer", "minimum": 0, "maximum": 10000000,
      "description": "More failures than this cancel the rest."
    },
    "retry_budget": {
      "type": "number", "minimum": 0, "maximum": 1,
      "description": "Retries may be at most this part of attempts; beyond it a retry waits."
    },
    "mode": {
      "enum": ["auto", "sequential", "levels", "parallel"], "default": "auto",
      "description": "auto: a task starts the moment it can. sequential: one at a time, in topological order. levels: a barrier after each level, for comparison. parallel: without regard to dependencies."
    },
    "unsafe_ignore_dependencies": {
      "type": "boolean", "default": false,
      "description": "Confirms the mode parallel, whose results are wrong where dependencies are real."
    },
    "order": {
      "enum": ["priority", "critical_path", "depth_first", "breadth_first", "fifo"], "default": "priority",
      "description": "Which of the tasks that could start goes first."
    },
    "resources": {
      "type": "object",
      "description": "Counters and rates, by resource name. What is not named here is a lock.",
      "propertyNames": {"$ref": "#/definitions/non_empty"},
      "additionalProperties": {"$ref": "#/definitions/resource_limit"}
    },
    "resource_rules": {
      "description": "How the resources of tasks without resources are found: auto, a file of rules, or rules.",
      "anyOf": [
        {"$ref": "#/definitions/non_empty"},
        {"type": "array", "items": {"$ref": "#/definitions/resource_rule"}},
        {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "rules": {"type": "array", "items": {"$ref": "#/definitions/resource_rule"}},
            "groups": {
              "type": "array",
              "description": "Tasks that belong together; the first that fits counts.",
              "items": {
                "type": "object",
                "required": ["group", "when"],
                "additionalProperties": false,
                "properties": {
                  "group": {"$ref": "#/definitions/non_empty"},
                  "when": {"$ref": "#/definitions/task_patterns"}
                }
              }
            },
            "other_group": {"$ref": "#/definitions/non_empty", "description": "The group of the rest."},
            "reading": {"$ref": "#/definitions/task_patterns", "description": "Tasks that only read share locks."},
            "writing": {"$ref": "#/definitions/task_patterns", "description": "Tasks that do not, even if they look so."},
            "limits": {
              "type": "object",
              "description": "Counters and rates that the plan does not declare itself.",
              "propertyNames": {"$ref": "#/definitions/non_empty"},
              "additionalProperties": {"$ref": "#/definitions/resource_limit"}
            }
          }
        }
      ]
    },
    "groups": {
      "type": "object",
      "description": "Groups of tasks that stand or fall together, by name.",
      "additionalProperties": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
          "fail_fast": {"type": "boolean", "default": false, "description": "Whether the first failure cancels the group."},
          "max_failed": {
            "description": "More failures than this cancel the rest of the group: a number of tasks, or a part such as 20%.",
            "anyOf": [
              {"type": "integer", "minimum": 0, "maximum": 10000000},
              {"type": "string", "pattern": "^(100(\\.0*)?|[0-9]{1,2}(\\.[0-9]*)?|\\.[0-9]+)%$"}
            ]
          },
          "timeout": {"$ref": "#/definitions/duration", "description": "From the run's begin."}
        }
      }
    },
    "budget": {
      "type": "object",
      "description": "The most that the run may spend.",
      "additionalProperties": false,
      "properties": {
        "tokens": {"$ref": "#/definitions/tokens"},
        "usd": {"$ref": "#/definitions/usd"},
        "alert_at": {
          "type": "number", "minimum": 0, "maximum": 1, "default": 0.8,
          "description": "The part of a limit at which an event says so."
        },
        "on_exhausted": {
          "enum": ["stop", "cancel"], "default": "stop",
          "description": "stop: nothing new starts and what runs finishes. cancel: running tasks are cancelled too."
        },
        "allow_unpriced": {
          "type": "boolean", "default": false,
          "description": "Whether calls whose cost has no bound (no price, no max_tokens) are made in spite of a limit in dollars."
        },
        "agents": {
          "type": "object",
          "description": "Budgets of agents, by name.",
          "additionalProperties": {"$ref": "#/definitions/budget"}
        }
      }
    },
    "fairness": {
      "type": "object",
      "description": "Weights of fairness keys; a key that is not here has 1.",
      "additionalProperties": {"type": "number", "minimum": 0.001, "maximum": 1000000}
    },
    "state": {
      "type": "object",
      "description": "How outputs are merged into the keys of the run's shared state.",
      "additionalProperties": {"enum": ["last", "append", "merge", "sum", "min", "max", "union"]}
    },
    "keep": {
      "enum": ["all", "failed"], "default": "all",
      "description": "What is kept of tasks that have ended."
    },
    "agents": {
      "type": "object",
      "description": "The agents that carry out tasks, by name.",
      "propertyNames": {"$ref": "#/definitions/name"},
      "additionalProperties": {"anyOf": [{"$ref": "#/definitions/llm_agent"}, {"$ref": "#/definitions/command_agent"}]}
    },
    "tools": {
      "type": "object",
      "description": "Programs that models may call, by name.",
      "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,64}$"},
      "additionalProperties": {"$ref": "#/definitions/tool"}
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
      "pattern": "^[^/\\x00-\\x20\\x7f]+$",
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
            "jitter": {"type": "boolean", "default": true, "description": "Draw each delay between zero and itself."},
            "pause_when_exhausted": {
              "type": "boolean", "default": false,
              "description": "The last failure pauses the run; when it goes on, the task is tried again."
            }
          }
        }
      ]
    }
  }
})json";

}  // namespace

const json& plan_schema() {
  static const json schema = [] {
    json whole = json::parse(plan_text);
    whole["definitions"].update(json::parse(plan_file::task_schema_text()));
    whole["definitions"].update(json::parse(plan_file::agent_schema_text()));
    return whole;
  }();
  return schema;
}

}  // namespace corchestra
