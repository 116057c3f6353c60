#include "plan/resource_rules_reader.hpp"

#include "base/text_file.hpp"
#include "plan/parse.hpp"
#include "plan/resource_reader.hpp"

namespace corchestra::plan_file {

namespace {

constexpr std::size_t max_rules_bytes = 4u << 20;

task_pattern read_pattern(const field& f) {
  task_pattern p;
  if (!f.object({"agents", "task_types", "words", "context"})) return p;
  if (f.value().items.empty()) f.expected("agents, task_types, words or context to look at");
  const auto read = [&](std::string_view key, std::vector<std::string>& out) {
    const auto x = f.member(key);
    if (!x) return;
    for (const field& item : x->list("a list of text")) out.push_back(item.non_empty());
    if (out.empty()) x->expected("a list of text");
  };
  read("agents", p.agents);
  read("task_types", p.task_types);
  read("words", p.words);
  read("context", p.context);
  return p;
}

/// One pattern, or a list of which one must fit.
std::vector<task_pattern> read_patterns(const field& f) {
  std::vector<task_pattern> out;
  if (f.is_object()) return {read_pattern(f)};
  for (const field& item : f.list("what a task must look like: an object or a list of objects"))
    out.push_back(read_pattern(item));
  if (f.is_list() && out.empty()) f.expected("at least one description of tasks");
  return out;
}

resource_rule read_rule(const field& f) {
  resource_rule r;
  if (!f.object({"when", "resources"})) return r;
  if (const auto x = f.required("when")) r.when = read_patterns(*x);
  if (const auto x = f.required("resources")) {
    const std::vector<resource_request> requests = read_resources(*x);
    const std::vector<field> places = x->is_object() ? x->members() : x->list("a list of resources");
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const bool mode_given = x->is_object() ? places[i].is_text() || places[i].member("mode").has_value()
                                             : places[i].member("mode").has_value();
      r.resources.push_back({requests[i], mode_given});
    }
  }
  return r;
}

std::vector<resource_rule> read_rules(const field& f) {
  std::vector<resource_rule> out;
  for (const field& rule : f.list("a list of rules")) out.push_back(read_rule(rule));
  return out;
}

}  // namespace

resource_rules read_resource_rules(const field& f) {
  resource_rules out;
  if (f.is_list()) {
    out.resources = read_rules(f);
    return out;
  }
  if (!f.is_object()) f.expected("a list of rules, or an object with 'rules'");
  if (!f.is_object() || !f.object({"rules", "groups", "other_group", "reading", "writing", "limits"})) return out;
  if (const auto x = f.member("rules")) out.resources = read_rules(*x);
  if (const auto x = f.member("groups"))
    for (const field& g : x->list("a list of groups")) {
      group_rule rule;
      if (!g.object({"group", "when"})) return out;
      if (const auto name = g.required("group")) rule.group = name->non_empty("a group's name");
      if (const auto when = g.required("when")) rule.when = read_patterns(*when);
      out.groups.push_back(std::move(rule));
    }
  if (const auto x = f.member("other_group")) out.other_group = x->non_empty("a group's name");
  if (const auto x = f.member("reading")) out.reading = read_patterns(*x);
  if (const auto x = f.member("writing")) out.writing = read_patterns(*x);
  if (const auto x = f.member("limits")) out.limits = read_resource_limits(*x);
  return out;
}

std::optional<resource_rules> read_plan_resource_rules(const field& f, const std::filesystem::path& folder) {
  if (!f.is_text()) return read_resource_rules(f);
  const std::string text = f.non_empty("auto, a file of rules, or rules");
  if (text == "auto") return standard_resource_rules();
  if (f.log().first) return std::nullopt;
  result<resource_rules> loaded = load_resource_rules(folder / text);
  if (loaded) return std::move(*loaded);
  f.fail(static_cast<errc>(loaded.error().code.value()), loaded.error().message);
  return std::nullopt;
}

}  // namespace corchestra::plan_file

namespace corchestra {

using namespace plan_file;

result<resource_rules> parse_resource_rules(std::string_view yaml, std::string_view source) {
  const result<node> root = parse_yaml(yaml, source, errc::invalid_config);
  if (!root) return root.error();
  problems log{std::string(source), errc::invalid_config};
  resource_rules rules = read_resource_rules(field(*root, log));
  if (log.first) return *log.first;
  return rules;
}

result<resource_rules> load_resource_rules(const std::filesystem::path& file) {
  const result<std::string> text = detail::read_text_file(file, max_rules_bytes);
  if (!text) return text.error();
  if (to_lower(file.extension().string()) != ".json") return parse_resource_rules(*text, file.string());
  const result<node> root = parse_json_text(*text, file.string(), errc::invalid_config);
  if (!root) return root.error();
  problems log{file.string(), errc::invalid_config};
  resource_rules rules = read_resource_rules(field(*root, log));
  if (log.first) return *log.first;
  return rules;
}

}  // namespace corchestra
