#include <corchestra/base/json_schema.hpp>

#include <algorithm>
#include <charconv>
#include <vector>

#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <corchestra/base/text.hpp>

#include "base/schema_check.hpp"
#include "base/schema_rewrite.hpp"
#include "base/schema_rules.hpp"

namespace corchestra {

namespace {

using valijson::adapters::NlohmannJsonAdapter;
using finding = valijson::ValidationResults::Error;

// std::regex recurses once a character.
constexpr std::size_t max_matched_text = 8192;

/// Whether `test` holds for any text in the value, names of members excepted.
template <class F>
bool any_text(const json& value, const F& test) {
  if (value.is_string()) return test(value.get_ref<const std::string&>());
  return value.is_structured() &&
         std::any_of(value.begin(), value.end(), [&test](const json& v) { return any_text(v, test); });
}

bool has_any_of(const json& schema, std::string_view a, std::string_view b) {
  if (schema.is_object() && (schema.contains(a) || schema.contains(b))) return true;
  return schema.is_structured() &&
         std::any_of(schema.begin(), schema.end(), [&](const json& s) { return has_any_of(s, a, b); });
}

/// The schema of the value at the end of `steps`, where plain keywords lead to it; null otherwise.
const json* schema_at(const json& root, const std::vector<std::string>& steps) {
  const json* at = &root;
  for (std::size_t i = 0; at; ++i) {
    for (int hops = 0; at && at->is_object() && at->contains("$ref"); ++hops)
      at = hops < 100 ? detail::resolve_reference(root, (*at)["$ref"].get_ref<const std::string&>()) : nullptr;
    if (!at || !at->is_object()) return nullptr;
    if (i == steps.size()) return at;
    const json& here = *at;
    at = nullptr;
    if (const auto p = here.find("properties"); p != here.end() && p->contains(steps[i])) {
      at = &(*p)[steps[i]];
    } else if (const auto a = here.find("additionalProperties"); a != here.end() && a->is_object()) {
      at = &*a;
    } else if (const auto items = here.find("items"); items != here.end() && items->is_object()) {
      at = &*items;
    }
  }
  return nullptr;
}

const json* value_at(const json& root, const std::vector<std::string>& steps) {
  const json* at = &root;
  for (const std::string& step : steps) {
    if (at->is_object() && at->contains(step)) {
      at = &(*at)[step];
    } else if (std::size_t i = 0; at->is_array() &&
                                  std::from_chars(step.data(), step.data() + step.size(), i).ec == std::errc() &&
                                  i < at->size()) {
      at = &(*at)[i];
    } else {
      return nullptr;
    }
  }
  return at;
}

std::string alternatives(const json& list) {
  std::vector<std::string> parts;
  for (const json& v : list) parts.push_back(to_text(v));
  return join(parts, ", ");
}

/// What was expected, by the schema's own words where the place in it is plain, and else as valijson puts it.
std::string expectation(const finding& f, const json* schema, const json* value) {
  const auto about = [&f](std::string_view word) { return f.description.find(word) != std::string::npos; };
  const auto is = [&](const char* key) { return schema && schema->contains(key) && about(concat('\'', key, '\'')); };
  const std::string found = value ? concat(", found ", one_line(dump_json(*value), 60)) : "";
  if (is("type")) {
    const json& type = (*schema)["type"];
    return concat("expected ", type.is_array() ? concat("one of ", alternatives(type)) : to_text(type), found);
  }
  if (about("any enum values") && schema && schema->contains("enum"))
    return concat("expected one of ", one_line(alternatives((*schema)["enum"]), 300), found);
  if (is("const")) return concat("expected ", one_line(dump_json((*schema)["const"]), 100), found);
  if (is("pattern")) return concat("expected text matching ", to_text((*schema)["pattern"]), found);
  if (const auto colon = f.description.find("constraints: '");
      colon != std::string::npos && schema && schema->contains("properties")) {
    std::vector<std::string> known;
    for (const auto& [key, unused] : (*schema)["properties"].items()) known.push_back(key);
    const std::string_view name = std::string_view(f.description).substr(colon + 14);
    return concat("unknown member ", quote(name.substr(0, name.rfind('\''))), ": expected ", join(known, ", "));
  }
  std::string text = one_line(f.description, 300);
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

/// Says no more than that a finding of its own lies further in.
bool only_repeats(const finding& f) {
  for (const std::string_view start :
       {"Failed to validate against schema associated with", "Failed to validate item #",
        "Failed to validate against additional", "Failed to validate against a conditional",
        "Failed to validate against child schema", "Failed to validate against dependent"})
    if (std::string_view(f.description).starts_with(start)) return true;
  return false;
}

std::vector<std::string> steps_of(const finding& f) {
  std::vector<std::string> steps;
  for (std::size_t i = 1; i < f.context.size(); ++i) {
    const std::string& step = f.context[i];
    const bool bracketed = step.size() >= 2 && step.front() == '[' && step.back() == ']';
    steps.push_back(bracketed ? step.substr(1, step.size() - 2) : step);
  }
  return steps;
}

}  // namespace

struct json_schema::impl {
  json source;
  json rewritten;  // what was compiled
  bool has_patterns = false, has_lengths = false;
  valijson::Schema compiled;

  result<void> validate(const json& value, std::size_t max_findings) const;
};

result<json_schema> json_schema::compile(const json& schema) {
  if (const auto usable = detail::check_schema(schema); !usable) return usable.error();
  auto p = std::make_shared<impl>();
  p->source = schema;
  p->rewritten = detail::rewrite_schema(schema);
  p->has_patterns = has_any_of(p->rewritten, detail::pattern_keyword, "patternProperties");
  p->has_lengths = has_any_of(p->rewritten, "minLength", "maxLength");
  try {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.addConstraintBuilder(detail::multiple_of_keyword, new detail::rule_builder<detail::multiple_of>);
    parser.addConstraintBuilder(detail::pattern_keyword, new detail::rule_builder<detail::matching>);
    parser.populateSchema(NlohmannJsonAdapter(p->rewritten), p->compiled);
  } catch (const std::exception& e) {
    return fail(errc::invalid_argument, concat("not a usable JSON Schema: ", one_line(e.what(), 300)));
  }
  return json_schema(std::move(p));
}

result<void> json_schema::validate(const json& value, std::size_t max_findings) const {
  if (impl_->has_patterns && any_text(value, [](const std::string& s) { return s.size() > max_matched_text; }))
    return fail(errc::schema_mismatch,
                concat("a text is longer than ", max_matched_text, " bytes, too long for a schema with patterns"));
  // valijson counts the characters before it.
  if (impl_->has_lengths && any_text(value, [](const std::string& s) { return s.find('\0') != std::string::npos; }))
    return fail(errc::schema_mismatch, "a text has U+0000 in it, which a schema with lengths cannot be checked for");
  if (detail::has_odd_numbers(value)) return impl_->validate(detail::with_plain_numbers(value), max_findings);
  return impl_->validate(value, max_findings);
}

result<void> json_schema::impl::validate(const json& value, std::size_t max_findings) const {
  valijson::ValidationResults results;
  try {
    valijson::Validator validator;
    if (validator.validate(compiled, NlohmannJsonAdapter(value), &results)) return {};
  } catch (const std::exception& e) {
    return fail(errc::schema_mismatch, concat("the value cannot be checked: ", one_line(e.what(), 300)));
  }
  const bool all_repeat = std::all_of(results.begin(), results.end(), only_repeats);
  std::vector<std::string> lines;
  for (const finding& f : results) {
    if (!all_repeat && only_repeats(f)) continue;
    const std::vector<std::string> steps = steps_of(f);
    const std::string path = steps.empty() ? "the value" : concat('/', join(steps, "/"));
    std::string line = concat(path, ": ", expectation(f, schema_at(source, steps), value_at(value, steps)));
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
  }
  if (lines.empty()) lines.emplace_back("the value: nothing is allowed here");
  const std::size_t more = lines.size() > max_findings ? lines.size() - max_findings : 0;
  lines.resize(lines.size() - more);
  return fail(errc::schema_mismatch, concat(join(lines, "; "), more > 0 ? concat("; and ", more, " more") : ""));
}

const json& json_schema::source() const noexcept { return impl_->source; }

}  // namespace corchestra
