#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/core/plan.hpp>

namespace corchestra {

/// What a task must look like. Of each list that is not empty one entry must fit.
struct task_pattern {
  std::vector<std::string> agents;      ///< names; `*` stands for any text, `_` for `-` too, in any case: `*_writer`
  std::vector<std::string> task_types;  ///< the same
  std::vector<std::string> words;       ///< of the description, whole and in any case
  std::vector<std::string> context;     ///< keys whose value is there, and not false, 0, empty or null
};
/// Whether one of them fits; false for none.
bool matches(const task_call& task, std::span<const task_pattern> patterns);

/// Tasks that need resources.
struct resource_rule {
  struct need {
    resource_request request;
    bool mode_given = false;  ///< else tasks that only read share it
  };
  std::vector<task_pattern> when;
  std::vector<need> resources;
};

/// Tasks that belong together.
struct group_rule {
  std::string group;
  std::vector<task_pattern> when;
};

/// How the resources of tasks that name none are found: data, and a hook. Of the groups the first that fits counts.
struct resource_rules {
  std::vector<resource_rule> resources;
  std::vector<group_rule> groups;
  std::string other_group = "general_tasks";
  std::vector<task_pattern> reading;   ///< tasks that only read
  std::vector<task_pattern> writing;   ///< tasks that do not, even if they look so
  std::vector<resource_limit> limits;  ///< counters and rates among the resources, for plans that do not declare them
  /// Has the last word: gets what the rules found. Must be pure.
  std::function<std::vector<resource_request>(const task_call&, std::vector<resource_request>)> custom;
};

/// The rules of `resource_rules: auto`: backend services, frontend assets, UI components, documentation files and the
/// database's configuration are locks; `gpu_compute` is a counter and `external_api_quota` a rate.
const resource_rules& standard_resource_rules();
/// The same as the YAML text that they are read from, to start one's own from.
std::string_view standard_resource_rules_text();

/// Rules from a YAML or JSON file, or its text. Errors: `file_error`, `invalid_config` as `FILE:LINE: PATH: expected
/// ...`.
result<resource_rules> load_resource_rules(const std::filesystem::path& file);
result<resource_rules> parse_resource_rules(std::string_view yaml, std::string_view source);

/// What the rules find for a task, each resource once, whatever the task itself asks for. Where a counter's context key
/// holds a whole number, that is the amount.
std::vector<resource_request> identify_resources(const task_call& task, const resource_rules& rules);

/// Gives a task those that the rules find, and declares the counters and rates among them that are not declared yet.
void add_identified_resources(task_call& task, std::vector<resource_limit>& declared, const resource_rules& rules);
/// The same for every task of a plan that has no resources.
void add_identified_resources(task_plan& plan, const resource_rules& rules);

/// Tasks of one kind, for people: a view, not the engine's `task_rules::group`.
struct task_group {
  std::string name;
  std::vector<std::string> tasks;  ///< ids, in listing order
};
/// By the group a task names itself, else by the rules (the standard ones go by agent); empty groups are left out.
std::vector<task_group> group_by_resources(std::span<const task_call> tasks, const resource_rules& rules);

}  // namespace corchestra
