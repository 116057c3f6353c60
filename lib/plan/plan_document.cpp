#include <corchestra/plan/plan_document.hpp>

#include <algorithm>

#include "base/text_file.hpp"
#include "plan/inputs.hpp"
#include "plan/parse.hpp"
#include "plan/plan_check.hpp"
#include "plan/plan_reader.hpp"

namespace corchestra {

using namespace plan_file;

namespace {

result<plan_format> format_of(const std::filesystem::path& file) {
  const std::string extension = to_lower(file.extension().string());
  if (extension == ".yaml" || extension == ".yml") return plan_format::yaml;
  if (extension == ".json") return plan_format::json;
  if (extension == ".jsonl" || extension == ".ndjson") return plan_format::jsonl;
  return fail(errc::invalid_plan,
              concat(file.string(), ": expected a file that ends with .yaml, .yml, .json or .jsonl"));
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

result<node> parse(std::string_view text, const std::string& source, plan_format format) {
  return format == plan_format::yaml ? parse_yaml(text, source, errc::invalid_plan)
                                     : parse_json_text(text, source, errc::invalid_plan);
}

result<node> parse_lines(std::string_view text, const std::string& source) {
  node out;
  out.type = node::kind::list;
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const std::string_view content = trim(text.substr(0, end)); !content.empty()) {
      result<node> n = parse_json_text(content, source, errc::invalid_plan, line);
      if (!n) return n.error();
      out.items.push_back(std::move(*n));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Commands of agents and tools that another folder's file declares start in that folder.
void move_commands(plan_document& plan, const std::filesystem::path& agents_folder) {
  for (auto& [name, spec] : plan.agents)
    if (spec.kind == agent_kind::command)
      spec.cwd = std::filesystem::absolute(agents_folder / spec.cwd).lexically_normal().string();
  for (auto& [name, spec] : plan.tools)
    spec.cwd = std::filesystem::absolute(agents_folder / spec.cwd).lexically_normal().string();
}

/// Reads the tasks and checks everything.
result<plan_document> finish(plan_document plan, const std::vector<field>& tasks, const plan_defaults& defaults,
                             problems& log, const plan_load_options& options) {
  if (log.first) return *log.first;
  plan.plan.tasks.reserve(tasks.size());
  task_reader reader(defaults, plan.folder, plan.plan.options.limits.max_iterations);
  for (const field& f : tasks) {
    plan.plan.tasks.push_back(reader.read(f));
    if (log.first) return *log.first;
    if (defaults.identify && !f.member("resources"))
      add_identified_resources(plan.plan.tasks.back(), plan.plan.options.resources, *defaults.identify);
  }
  if (result<void> set = set_inputs(plan, options); !set) return set.error();
  if (result<void> checked = check_plan(plan, tasks); !checked) return checked.error();
  return plan;
}

result<plan_document> parse_lines_plan(std::string_view text, plan_document plan, const plan_load_options& options) {
  if (options.agents_file.empty())
    return fail(errc::invalid_argument, concat(plan.source, ": a plan of one task call a line needs --agents FILE"));
  const std::string agents_source = options.agents_file.string();
  result<plan_format> format = format_of(options.agents_file);
  if (!format) return format.error();
  if (*format == plan_format::jsonl)
    return fail(errc::invalid_plan, concat(agents_source, ": a file of agents is YAML or JSON"));
  result<std::string> agents_text = detail::read_text_file(options.agents_file, options.max_bytes);
  if (!agents_text) return agents_text.error();
  result<node> head = parse(*agents_text, agents_source, *format);
  if (!head) return head.error();
  problems head_log{agents_source, errc::invalid_plan, {}};
  const plan_defaults defaults = read_head(field(*head, head_log), false, plan);
  if (head_log.first) return *head_log.first;
  if (folder_of(options.agents_file).lexically_normal() != plan.folder.lexically_normal())
    move_commands(plan, folder_of(options.agents_file));

  const result<node> lines = parse_lines(text, plan.source);
  if (!lines) return lines.error();
  problems log{plan.source, errc::invalid_plan, {}};
  if (lines->items.empty()) return fail(errc::invalid_plan, concat(plan.source, ": the plan has no tasks"));
  const field tasks(*lines, log, "tasks");
  return finish(std::move(plan), tasks.list("lines"), defaults, log, options);
}

}  // namespace

result<plan_document> parse_plan(std::string_view text, std::string source, plan_format format,
                                 const plan_load_options& options, const std::filesystem::path& folder) {
  if (text.size() > options.max_bytes)
    return fail(errc::too_large, concat(quote(source, 300), " is larger than ", options.max_bytes, " bytes"));
  plan_document plan;
  plan.source = source;
  plan.folder = folder;
  if (format == plan_format::jsonl) return parse_lines_plan(text, std::move(plan), options);
  if (!options.agents_file.empty())
    return fail(errc::invalid_argument,
                concat(source, ": --agents is for .jsonl plans; this one declares its own agents"));
  result<node> root = parse(text, source, format);
  if (!root) return root.error();
  root->line = std::max(root->line, 1);
  problems log{std::move(source), errc::invalid_plan, {}};
  const field top(*root, log);
  const plan_defaults defaults = read_head(top, true, plan);
  const std::optional<field> tasks = top.required("tasks");
  const auto calls = tasks ? tasks->list("a list of task calls") : std::vector<field>{};
  if (tasks && calls.empty()) tasks->fail("the plan has no tasks");
  return finish(std::move(plan), calls, defaults, log, options);
}

result<plan_document> load_plan(const std::filesystem::path& file, const plan_load_options& options) {
  result<plan_format> format = format_of(file);
  if (!format) return format.error();
  result<std::string> text = detail::read_text_file(file, options.max_bytes);
  if (!text) return text.error();
  return parse_plan(*text, file.string(), *format, options, folder_of(file));
}

}  // namespace corchestra
