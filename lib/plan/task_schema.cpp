#include "plan/task_schema.hpp"

namespace corchestra::plan_file {

std::string_view task_schema_text() {
  return R"json({
  "lock_mode": {
    "enum": ["exclusive", "shared", "intent_exclusive", "intent_shared"], "default": "exclusive",
    "description": "Of a lock. The intent modes say that something beneath is locked."
  },
  "amount": {
    "type": "integer", "minimum": 1, "maximum": 1000000000, "default": 1,
    "description": "Of a counter or rate that the plan's resources declare."
  },
  "resource": {
    "anyOf": [
      {"$ref": "#/definitions/non_empty"},
      {
        "type": "object",
        "required": ["id"],
        "additionalProperties": false,
        "not": {"required": ["mode", "amount"]},
        "properties": {
          "id": {"$ref": "#/definitions/non_empty"},
          "mode": {"$ref": "#/definitions/lock_mode"},
          "amount": {"$ref": "#/definitions/amount"}
        }
      }
    ]
  },
  "resources": {
    "description": "A list of names or objects with id, or an object: a mode or an amount by name.",
    "anyOf": [
      {"type": "array", "items": {"$ref": "#/definitions/resource"}, "uniqueItems": true},
      {
        "type": "object",
        "propertyNames": {"$ref": "#/definitions/non_empty"},
        "additionalProperties": {
          "anyOf": [
            {"$ref": "#/definitions/lock_mode"},
            {"$ref": "#/definitions/amount"},
            {
              "type": "object",
              "additionalProperties": false,
              "not": {"required": ["mode", "amount"]},
              "properties": {
                "mode": {"$ref": "#/definitions/lock_mode"},
                "amount": {"$ref": "#/definitions/amount"}
              }
            }
          ]
        }
      }
    ]
  },
  "resource_limit": {
    "description": "A capacity, or a rate: so many in each period.",
    "anyOf": [
      {"type": "integer", "minimum": 1, "maximum": 1000000000},
      {
        "type": "object",
        "required": ["capacity"],
        "additionalProperties": false,
        "properties": {
          "capacity": {"type": "integer", "minimum": 1, "maximum": 1000000000, "description": "How much there is."}
        }
      },
      {
        "type": "object",
        "required": ["rate", "per"],
        "additionalProperties": false,
        "properties": {
          "rate": {"type": "integer", "minimum": 1, "maximum": 1000000000, "description": "How many in each period."},
          "per": {"$ref": "#/definitions/duration", "description": "The period."}
        }
      }
    ]
  },
  "slots": {
    "type": "object",
    "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 100000}
  },
  "tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000, "description": "A number of tokens."},
  "usd": {
    "description": "Dollars with at most 6 decimals: a number, or text such as 1.50.",
    "anyOf": [
      {"type": "number", "minimum": 0, "maximum": 1000000000},
      {"type": "string", "pattern": "^[0-9]{1,10}(\\.[0-9]{1,6})?$"}
    ]
  },
  "budget": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "tokens": {"$ref": "#/definitions/tokens"},
      "usd": {"$ref": "#/definitions/usd"}
    }
  },
  "task_ids": {"type": "array", "items": {"type": "string"}},
  "pointer": {"type": "string", "pattern": "^(/|$)"},
  "task_pattern": {
    "type": "object",
    "description": "What a task must look like: of each list one entry must fit.",
    "minProperties": 1,
    "additionalProperties": false,
    "properties": {
      "agents": {"$ref": "#/definitions/words", "description": "Agents' names; * stands for any text."},
      "task_types": {"$ref": "#/definitions/words", "description": "Task types; * stands for any text."},
      "words": {"$ref": "#/definitions/words", "description": "Words of the description."},
      "context": {"$ref": "#/definitions/words", "description": "Keys of the context whose value is not false, 0 or empty."}
    }
  },
  "words": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/non_empty"}},
  "task_patterns": {
    "anyOf": [
      {"$ref": "#/definitions/task_pattern"},
      {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/task_pattern"}}
    ]
  },
  "resource_rule": {
    "type": "object",
    "required": ["when", "resources"],
    "additionalProperties": false,
    "properties": {
      "when": {"$ref": "#/definitions/task_patterns", "description": "Which tasks."},
      "resources": {"$ref": "#/definitions/resources", "description": "What they need."}
    }
  },
  "join": {
    "description": "When the task may start, by how those it depends on have ended.",
    "anyOf": [
      {"enum": ["all_success", "all_done", "one_success", "none_failed_min_one_success"]},
      {
        "type": "object",
        "required": ["quorum"],
        "additionalProperties": false,
        "properties": {
          "quorum": {"type": "integer", "minimum": 1, "maximum": 1000000, "description": "So many of them must complete."}
        }
      }
    ]
  },
  "approval": {
    "description": "A question that a person must answer before the task starts.",
    "anyOf": [
      {"$ref": "#/definitions/non_empty"},
      {
        "type": "object",
        "required": ["message"],
        "additionalProperties": false,
        "dependencies": {"default": ["timeout"]},
        "properties": {
          "message": {"$ref": "#/definitions/non_empty", "description": "The question."},
          "timeout": {"$ref": "#/definitions/duration", "description": "How long it waits for the answer."},
          "default": {"enum": ["approve", "reject"], "description": "What the passing of timeout means. Default reject."}
        }
      }
    ]
  },
  "branches": {
    "description": "The output chooses which dependants run: cases, or in short lists of tasks by the output's text.",
    "anyOf": [
      {
        "type": "object",
        "required": ["cases"],
        "additionalProperties": false,
        "properties": {
          "on": {"$ref": "#/definitions/pointer", "description": "JSON pointer into the output; absent: the whole."},
          "cases": {
            "type": "array",
            "minItems": 1,
            "description": "The first that equals is chosen.",
            "items": {
              "type": "object",
              "required": ["equals", "tasks"],
              "additionalProperties": false,
              "properties": {
                "equals": {"description": "The value that stands there."},
                "tasks": {"$ref": "#/definitions/task_ids", "description": "Dependants that then run."}
              }
            }
          },
          "otherwise": {"$ref": "#/definitions/task_ids", "description": "Dependants that run when no case equals."}
        }
      },
      {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"not": {"const": "cases"}},
        "additionalProperties": {"$ref": "#/definitions/task_ids"}
      }
    ]
  },
  "repeat": {
    "type": "object",
    "description": "The task runs again until its output says enough.",
    "required": ["until"],
    "additionalProperties": false,
    "properties": {
      "until": {
        "description": "What the output must be, or {at, equals}: what must stand at a JSON pointer into it.",
        "anyOf": [
          {"not": {"type": "object"}},
          {
            "type": "object",
            "required": ["equals"],
            "additionalProperties": false,
            "properties": {
              "at": {"$ref": "#/definitions/pointer", "description": "JSON pointer into the output; absent: the whole."},
              "equals": {"description": "The value that must stand there."}
            }
          }
        ]
      },
      "max_iterations": {
        "type": "integer", "minimum": 1, "maximum": 1000000, "default": 10,
        "description": "Then the task ends LIMIT_EXCEEDED; at most limits.max_iterations."
      }
    }
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
        "description": "Ids of tasks that must complete first; ID/* is a task and all that is spawned under it. Where it is there, even empty, the analyzer adds nothing."
      },
      "priority": {"$ref": "#/definitions/priority"},
      "resources": {"$ref": "#/definitions/resources", "description": "What the task holds while it runs: all of it or it does not start."},
      "limits": {"$ref": "#/definitions/task_limits"},
      "retries": {"$ref": "#/definitions/retries"},
      "join": {"$ref": "#/definitions/join"},
      "group": {"$ref": "#/definitions/non_empty", "description": "One of the plan's groups."},
      "fairness_key": {"type": "string", "description": "Keys share the slots fairly."},
      "weight": {"type": "integer", "minimum": 1, "maximum": 100000, "default": 1, "description": "How many slots it takes."},
      "expected_duration": {"$ref": "#/definitions/duration", "description": "For ranks and forecasts; absent: learnt by task type."},
      "approval": {"$ref": "#/definitions/approval"},
      "branches": {"$ref": "#/definitions/branches"},
      "repeat": {"$ref": "#/definitions/repeat"},
      "reserve": {"$ref": "#/definitions/budget", "description": "Taken from the budgets before it starts, settled when it ends."},
      "budget": {"$ref": "#/definitions/budget", "description": "The most that this task may spend."},
      "output_schema": {"type": "object", "description": "A JSON Schema that a completed output must match."},
      "state_key": {"$ref": "#/definitions/non_empty", "description": "Its output is merged into the run's shared state under this key."},
      "effect": {
        "enum": ["pure", "idempotent", "at_most_once", "compensable"], "default": "idempotent",
        "description": "What doing it twice would mean; at_most_once is never tried again."
      },
      "hold_across_waits": {"type": "boolean", "default": false, "description": "Whether it keeps its resources over back-offs."},
      "tools": {"$ref": "#/definitions/tool_names", "description": "For llm agents: what the model may call, in place of its agent's tools."},
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
})json";
}

}  // namespace corchestra::plan_file
