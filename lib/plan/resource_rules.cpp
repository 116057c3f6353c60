#include <corchestra/plan/resource_rules.hpp>

#include <algorithm>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

std::string normal(std::string_view name) {
  std::string out = to_lower(name);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

/// Whether a pattern with stars fits; linear but for the steps back to the last star.
bool fits(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool fits_name(const std::string& pattern, const std::string& name) { return fits(normal(pattern), normal(name)); }

bool is_word_character(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') || u >= 0x80;
}

bool has_word(const std::string& lower_text, const std::string& word) {
  const std::string wanted = to_lower(word);
  for (std::size_t at = lower_text.find(wanted); at != std::string::npos; at = lower_text.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    if ((at == 0 || !is_word_character(lower_text[at - 1])) &&
        (end == lower_text.size() || !is_word_character(lower_text[end])))
      return true;
  }
  return false;
}

bool says_yes(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value.get<double>() != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

const json* context_value(const task_call& task, const std::string& key) {
  if (!task.context.is_object()) return nullptr;
  const auto found = task.context.find(key);
  return found != task.context.end() && says_yes(*found) ? &*found : nullptr;
}

bool matches_one(const task_call& task, const task_pattern& p) {
  const auto any = [](const std::vector<std::string>& list, auto test) {
    return list.empty() || std::any_of(list.begin(), list.end(), test);
  };
  if (!any(p.agents, [&](const std::string& a) { return fits_name(a, task.agent); })) return false;
  if (!any(p.task_types, [&](const std::string& t) { return fits_name(t, task.task_type); })) return false;
  if (!any(p.context, [&](const std::string& k) { return context_value(task, k) != nullptr; })) return false;
  if (p.words.empty()) return true;
  const std::string text = to_lower(task.description);
  return any(p.words, [&](const std::string& w) { return has_word(text, w); });
}

/// The whole number above zero under one of the rule's context keys, else 1.
std::uint32_t amount_of(const task_call& task, const resource_rule& rule) {
  for (const task_pattern& p : rule.when)
    for (const std::string& key : p.context) {
      const json* value = context_value(task, key);
      if (!value || !value->is_number_integer()) continue;
      const auto amount = value->get<std::int64_t>();
      if (amount > 0 && amount <= std::int64_t{UINT32_MAX}) return static_cast<std::uint32_t>(amount);
    }
  return 1;
}

const resource_limit* find_limit(const std::vector<resource_limit>& limits, const std::string& id) {
  const auto found = std::find_if(limits.begin(), limits.end(), [&](const auto& l) { return l.id == id; });
  return found == limits.end() ? nullptr : &*found;
}

/// Of two requests for one resource the stronger counts.
void add(std::vector<resource_request>& all, resource_request r) {
  const auto known = std::find_if(all.begin(), all.end(), [&](const auto& o) { return o.id == r.id; });
  if (known == all.end()) return all.push_back(std::move(r));
  if (r.mode == lock_mode::exclusive) known->mode = lock_mode::exclusive;
  known->amount = std::max(known->amount, r.amount);
}

}  // namespace

bool matches(const task_call& task, std::span<const task_pattern> patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const task_pattern& p) { return matches_one(task, p); });
}

namespace {

std::vector<resource_request> identify(const task_call& task, const resource_rules& rules,
                                       const std::vector<resource_limit>& declared) {
  std::vector<resource_request> out;
  const bool reads = matches(task, rules.reading) && !matches(task, rules.writing);
  for (const resource_rule& rule : rules.resources) {
    if (!matches(task, rule.when)) continue;
    for (const resource_rule::need& n : rule.resources) {
      resource_request r = n.request;
      if (find_limit(rules.limits, r.id) || find_limit(declared, r.id)) {
        r.mode = lock_mode::exclusive;
        if (r.amount == 1) r.amount = amount_of(task, rule);
      } else if (reads && !n.mode_given) {
        r.mode = lock_mode::shared;
      }
      add(out, std::move(r));
    }
  }
  return rules.custom ? rules.custom(task, std::move(out)) : out;
}

}  // namespace

std::vector<resource_request> identify_resources(const task_call& task, const resource_rules& rules) {
  return identify(task, rules, {});
}

void add_identified_resources(task_call& task, std::vector<resource_limit>& declared, const resource_rules& rules) {
  task.resources = identify(task, rules, declared);
  for (const resource_request& r : task.resources)
    if (const resource_limit* l = find_limit(rules.limits, r.id); l && !find_limit(declared, r.id))
      declared.push_back(*l);
}

void add_identified_resources(task_plan& plan, const resource_rules& rules) {
  for (task_call& t : plan.tasks)
    if (t.resources.empty()) add_identified_resources(t, plan.options.resources, rules);
}

std::vector<task_group> group_by_resources(std::span<const task_call> tasks, const resource_rules& rules) {
  std::vector<task_group> all;
  for (const group_rule& g : rules.groups) all.push_back({g.group, {}});
  const auto named = [&all](const std::string& name) -> task_group& {
    const auto found = std::find_if(all.begin(), all.end(), [&](const task_group& g) { return g.name == name; });
    return found == all.end() ? all.emplace_back(task_group{name, {}}) : *found;
  };
  named(rules.other_group);
  for (const task_call& t : tasks) {
    const auto rule =
        std::find_if(rules.groups.begin(), rules.groups.end(), [&](const group_rule& g) { return matches(t, g.when); });
    if (t.rules && !t.rules->group.empty())
      named(t.rules->group).tasks.push_back(t.id);
    else
      named(rule == rules.groups.end() ? rules.other_group : rule->group).tasks.push_back(t.id);
  }
  std::erase_if(all, [](const task_group& g) { return g.tasks.empty(); });
  return all;
}

}  // namespace corchestra
