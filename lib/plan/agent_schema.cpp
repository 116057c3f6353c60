#include "plan/agent_schema.hpp"

namespace corchestra::plan_file {

std::string_view agent_schema_text() {
  return R"json({
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
      "stream": {"type": "boolean", "default": true, "description": "Whether replies are streamed."},
      "tools": {"$ref": "#/definitions/tool_names", "description": "What its model may call in tasks without tools."},
      "max_steps": {
        "type": "integer", "minimum": 1, "maximum": 1000, "default": 10,
        "description": "Requests to the model for one answer, when it calls tools."
      },
      "parallel_tools": {
        "type": "integer", "minimum": 1, "maximum": 1000, "default": 8,
        "description": "Calls of tools at once."
      }
    }
  },
  "command_agent": {
    "type": "object",
    "description": "An agent that runs a program: the task as JSON on its stdin, its output from its stdout.",
    "required": ["kind", "argv"],
    "additionalProperties": false,
    "properties": {
      "kind": {"const": "command"},
      "argv": {"$ref": "#/definitions/argv"},
      "cwd": {"$ref": "#/definitions/non_empty", "description": "The folder it starts in, relative to the plan's."},
      "env": {"$ref": "#/definitions/environment"},
      "limits": {"$ref": "#/definitions/process_limits"}
    }
  },
  "bytes": {
    "description": "A number of bytes, or text such as 512MiB or 1.5GB.",
    "anyOf": [
      {"type": "integer", "minimum": 1024, "maximum": 1000000000000000},
      {"type": "string", "pattern": "^\\s*[0-9]+(\\.[0-9]*)?\\s*[KMG]i?B\\s*$"}
    ]
  },
  "tool": {
    "type": "object",
    "description": "A program that models may call: the arguments as JSON on its stdin, the answer from its stdout.",
    "required": ["description", "argv"],
    "additionalProperties": false,
    "properties": {
      "description": {"$ref": "#/definitions/non_empty", "description": "For the model: what it does, when to call it."},
      "parameters": {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"const": "object", "description": "Arguments are an object."}},
        "description": "A JSON Schema of the arguments; absent: none."
      },
      "argv": {"$ref": "#/definitions/argv"},
      "cwd": {"$ref": "#/definitions/non_empty", "description": "The folder it starts in, relative to the plan's."},
      "env": {"$ref": "#/definitions/environment"},
      "limits": {"$ref": "#/definitions/process_limits"},
      "timeout": {"$ref": "#/definitions/duration", "description": "Of one call. Default 60s."},
      "max_output": {"$ref": "#/definitions/bytes", "description": "What the model gets to read at most. Default 64KiB."},
      "approval": {"type": "boolean", "default": false, "description": "Whether a person is asked before each call."}
    }
  },
  "tool_names": {"type": "array", "items": {"$ref": "#/definitions/non_empty"}},
  "argv": {
    "type": "array",
    "items": [{"type": "string", "minLength": 1}],
    "additionalItems": {"type": "string"},
    "minItems": 1,
    "description": "The program and its arguments; references are filled in, each as one argument; no shell."
  },
  "environment": {
    "type": "object",
    "description": "Environment variables, added to the inherited ones.",
    "propertyNames": {"pattern": "^[^=]+$"},
    "additionalProperties": {"type": "string"}
  },
  "process_limits": {
    "type": "object",
    "description": "Of its process, and of each that it starts.",
    "additionalProperties": false,
    "properties": {
      "memory": {"$ref": "#/definitions/bytes", "description": "Private writable memory."},
      "cpu_time": {"$ref": "#/definitions/duration", "description": "Processor time, rounded up to seconds."},
      "open_files": {"type": "integer", "minimum": 4, "maximum": 1000000000, "description": "Descriptors."}
    }
  }
})json";
}

}  // namespace corchestra::plan_file
