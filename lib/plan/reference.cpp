#include <corchestra/plan/reference.hpp>

#include <algorithm>

#include <corchestra/base/text.hpp>

#include "base/pointer_step.hpp"

namespace corchestra {

namespace {

error malformed(std::string_view text, std::string_view why) {
  return fail(errc::unresolved_reference, concat(quote(text), ": ", why, " ($${ stands for a literal ${)"));
}

/// `.a.b` as `/a/b`; false for an empty step.
bool dotted_to_pointer(std::string_view steps, std::string& out) {
  while (!steps.empty()) {
    steps.remove_prefix(1);
    const std::size_t end = std::min(steps.find('.'), steps.size());
    if (end == 0) return false;
    out += "/" + detail::pointer_step(steps.substr(0, end));
    steps.remove_prefix(end);
  }
  return true;
}

/// Moves the first step of a pointer into `key`; false when there is none.
bool take_key(std::string& pointer, std::string& key) {
  if (pointer.size() < 2) return false;
  const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
  for (std::size_t i = 1; i < end; ++i) {
    const bool escaped = pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
    key += !escaped ? pointer[i] : pointer[++i] == '0' ? '~' : '/';
  }
  pointer.erase(0, end);
  return !key.empty();
}

/// `text` is `${...}`. A task's id has no `/`, so the first `#/` starts the pointer; what is before it ends with
/// `.output`.
result<reference> parse_reference(std::string_view text) {
  constexpr std::string_view grammar =
      "expected ${tasks.ID.output}, ${context.KEY}, ${inputs.KEY}, ${state.KEY}, ${previous} or ${iteration}, each with an "
      "optional #/pointer";
  std::string_view body = text.substr(2, text.size() - 3);
  reference out;
  out.text = text;
  if (const std::size_t hash = body.find("#/"); hash != std::string_view::npos) {
    out.pointer = body.substr(hash + 1);
    body = body.substr(0, hash);
  } else if (body.ends_with('#')) {
    body.remove_suffix(1);
  }
  constexpr std::string_view tasks = "tasks.";
  constexpr std::string_view output = ".output";
  if (body.starts_with(tasks)) {
    body.remove_prefix(tasks.size());
    if (!body.ends_with(output) || body.size() == output.size()) return malformed(text, grammar);
    out.where = reference::kind::task_output;
    out.task = body.substr(0, body.size() - output.size());
    return out;
  }
  std::string steps;
  for (const auto& [name, kind] : {std::pair{std::string_view("context"), reference::kind::context},
                                   std::pair{std::string_view("inputs"), reference::kind::inputs},
                                   std::pair{std::string_view("state"), reference::kind::state},
                                   std::pair{std::string_view("previous"), reference::kind::previous},
                                   std::pair{std::string_view("iteration"), reference::kind::iteration}}) {
    if (!body.starts_with(name)) continue;
    const std::string_view rest = body.substr(name.size());
    if (!rest.empty() && rest[0] != '.') continue;
    if (!dotted_to_pointer(rest, steps)) return malformed(text, grammar);
    out.where = kind;
    out.pointer = steps + out.pointer;
    if (kind == reference::kind::state && !take_key(out.pointer, out.key)) return malformed(text, grammar);
    if (kind == reference::kind::iteration && !out.pointer.empty()) return malformed(text, grammar);
    return out;
  }
  return malformed(text, grammar);
}

/// Calls `literal(text)` and `found(reference)` for the parts of a template, in order; `found` may fail.
template <class Literal, class Found>
result<void> scan(std::string_view text, Literal literal, Found found) {
  while (true) {
    const std::size_t at = text.find("${");
    if (at == std::string_view::npos) break;
    if (at > 0 && text[at - 1] == '$') {
      literal(text.substr(0, at - 1));
      literal("${");
      text.remove_prefix(at + 2);
      continue;
    }
    literal(text.substr(0, at));
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return malformed(text.substr(at), "the closing brace is missing");
    const result<reference> r = parse_reference(text.substr(at, end + 1 - at));
    if (!r) return r.error();
    const result<void> done = found(*r);
    if (!done) return done.error();
    text.remove_prefix(end + 1);
  }
  literal(text);
  return {};
}

result<json> resolve(const reference& r, const reference_scope& scope) {
  const json* base = nullptr;
  std::string_view missing;
  switch (r.where) {
    case reference::kind::task_output:
      base = scope.task_output ? scope.task_output(r.task) : nullptr;
      missing = "that task has no output";
      break;
    case reference::kind::context:
      base = scope.context;
      missing = "the task has no context";
      break;
    case reference::kind::inputs:
      base = scope.inputs;
      missing = "there are no inputs";
      break;
    case reference::kind::state:
      base = scope.state ? scope.state(r.key) : nullptr;
      missing = "no task has put anything there";
      break;
    case reference::kind::previous:
      if (!scope.previous) return json();
      base = scope.previous;
      break;
    case reference::kind::iteration:
      return json(scope.iteration);
  }
  if (!base) return fail(errc::unresolved_reference, concat(r.text, ": ", missing));
  if (r.pointer.empty()) return *base;
  result<json> value = at_pointer(*base, r.pointer);
  if (value) return value;
  const std::string instead = base->is_structured() ? "" : concat("; the value is ", quote(dump_json(*base), 100));
  return fail(errc::unresolved_reference, concat(r.text, ": ", value.error().message, instead));
}

}  // namespace

result<std::vector<reference>> find_references(std::string_view text) {
  std::vector<reference> out;
  const result<void> done = scan(
      text, [](std::string_view) {},
      [&](const reference& r) -> result<void> {
        out.push_back(r);
        return {};
      });
  if (!done) return done.error();
  return out;
}

result<std::vector<reference>> find_references(const json& value) {
  if (value.is_string()) return find_references(std::string_view(value.get_ref<const std::string&>()));
  std::vector<reference> out;
  if (!value.is_structured()) return out;
  for (const json& item : value) {
    result<std::vector<reference>> some = find_references(item);
    if (!some) return some;
    out.insert(out.end(), std::make_move_iterator(some->begin()), std::make_move_iterator(some->end()));
  }
  return out;
}

result<std::string> substitute_text(std::string_view text, const reference_scope& scope) {
  std::string out;
  const result<void> done = scan(
      text, [&](std::string_view s) { out += s; },
      [&](const reference& r) -> result<void> {
        const result<json> value = resolve(r, scope);
        if (!value) return value.error();
        if (r.where != reference::kind::previous || !value->is_null()) out += to_text(*value);
        return {};
      });
  if (!done) return done.error();
  return out;
}

result<json> substitute(std::string_view text, const reference_scope& scope) {
  if (text.starts_with("${") && text.find('}') == text.size() - 1) {
    const result<reference> r = parse_reference(text);
    if (!r) return r.error();
    return resolve(*r, scope);
  }
  result<std::string> out = substitute_text(text, scope);
  if (!out) return out.error();
  return json(std::move(*out));
}

result<json> substitute(const json& value, const reference_scope& scope) {
  if (value.is_string()) return substitute(std::string_view(value.get_ref<const std::string&>()), scope);
  if (!value.is_structured()) return value;
  json out = value;
  for (json& item : out) {
    result<json> filled = substitute(item, scope);
    if (!filled) return filled;
    item = std::move(*filled);
  }
  return out;
}

}  // namespace corchestra
