#include "base/schema_keywords.hpp"

#include <algorithm>
#include <array>
#include <regex>

#include <corchestra/base/text.hpp>

#include "base/schema_check.hpp"
#include "base/schema_pattern.hpp"
#include "base/schema_walk.hpp"

namespace corchestra::detail {

namespace {

constexpr std::size_t max_pattern = 2000;

struct unsupported {
  std::string_view name, instead;
};
constexpr std::array<unsupported, 13> not_supported{{
    {"$anchor", "refer to a place instead, as '#/$defs/name'"},
    {"$dynamicAnchor", ""},
    {"$dynamicRef", "use $ref"},
    {"$recursiveAnchor", ""},
    {"$recursiveRef", "use $ref"},
    {"$vocabulary", ""},
    {"disallow", "use not"},
    {"divisibleBy", "use multipleOf"},
    {"extends", "use allOf"},
    {"maxContains", ""},
    {"minContains", ""},
    {"unevaluatedItems", "use items or additionalItems"},
    {"unevaluatedProperties", "use additionalProperties"},
}};

/// Keywords that restrict the value and have no schemas in them.
constexpr std::array<std::string_view, 19> assertions{
    "const",    "dependentRequired", "enum",      "exclusiveMaximum", "exclusiveMinimum",
    "format",   "maxItems",          "maxLength", "maxProperties",    "maximum",
    "minItems", "minLength",         "minimum",   "minProperties",    "multipleOf",
    "pattern",  "required",          "type",      "uniqueItems"};

bool restricts(std::string_view name) {
  return std::find(assertions.begin(), assertions.end(), name) != assertions.end() ||
         (find_keyword(name) && name != "definitions" && name != "$defs");
}

result<void> check_pattern(const std::string& text, const std::string& place) {
  if (text.size() > max_pattern) return unusable(place, concat("the pattern is longer than ", max_pattern, " bytes"));
  try {
    compile_pattern(text);
  } catch (const std::regex_error& e) {
    return unusable(place, concat(quote(text), " is not a regular expression: ", e.what()));
  }
  return {};
}

/// valijson takes a name for a C string.
result<void> check_names(const json& s, const std::string& place) {
  const auto has_nul = [](const std::string& name) { return name.find('\0') != std::string::npos; };
  for (const char* key : {"properties", "patternProperties", "dependencies", "dependentRequired", "dependentSchemas"})
    if (const auto map = s.find(key); map != s.end() && map->is_object())
      for (const auto& [name, unused] : map->items())
        if (has_nul(name))
          return unusable(place, concat("a name in ", key, " has U+0000 in it, which is not supported"));
  if (const auto names = s.find("required"); names != s.end() && names->is_array())
    for (const json& name : *names)
      if (name.is_string() && has_nul(name.get_ref<const std::string&>()))
        return unusable(place, "a name in required has U+0000 in it, which is not supported");
  return {};
}

result<void> check_values(const json& s, const std::string& place) {
  if (const auto m = s.find("multipleOf"); m != s.end() && (!m->is_number() || m->get<double>() <= 0))
    return unusable(place, "expected multipleOf to be a number above 0");
  if (const auto type = s.find("type"); type != s.end()) {
    const auto is_any = [](const json& t) { return t == "any"; };
    if (is_any(*type) || (type->is_array() && std::any_of(type->begin(), type->end(), is_any)))
      return unusable(place, "the type 'any' is not supported: leave type out");
  }
  if (const auto format = s.find("format"); format != s.end() && !format->is_string())
    return unusable(place, "expected format to be a string");
  if (const auto p = s.find("pattern"); p != s.end()) {
    if (!p->is_string()) return unusable(place, "expected pattern to be a string");
    if (auto r = check_pattern(p->get_ref<const std::string&>(), place); !r) return r;
  }
  if (const auto p = s.find("patternProperties"); p != s.end() && p->is_object())
    for (const auto& [key, unused] : p->items()) {
      if (auto r = check_pattern(key, place); !r) return r;
      // valijson matches bytes here.
      if (key.find("\\u") != std::string::npos ||
          std::any_of(key.begin(), key.end(), [](unsigned char c) { return c > 127; }))
        return unusable(place, concat(quote(key), " has characters beyond ASCII, not supported in patternProperties"));
    }
  if (const auto items = s.find("items"); items != s.end() && items->is_array() && s.contains("prefixItems"))
    return unusable(place, "expected items beside prefixItems to be one schema, not a list");
  return check_names(s, place);
}

}  // namespace

result<ref_siblings> siblings_of(const json& root) {
  const auto named = root.is_object() ? root.find("$schema") : root.end();
  if (!root.is_object() || named == root.end()) return ref_siblings::unclear;
  if (!named->is_string()) return unusable("#", "expected $schema to be a string");
  const std::string& uri = named->get_ref<const std::string&>();
  const auto has = [&uri](std::string_view word) { return uri.find(word) != std::string::npos; };
  if (has("json-schema.org/draft/2019-09/schema") || has("json-schema.org/draft/2020-12/schema"))
    return ref_siblings::applied;
  if (has("json-schema.org/draft-04/") || has("json-schema.org/draft-06/") || has("json-schema.org/draft-07/"))
    return ref_siblings::ignored;
  if (has("json-schema.org/schema")) return ref_siblings::unclear;
  return unusable("#", concat("$schema ", quote(uri), " is not supported: expected draft 4, 6, 7, 2019-09 or 2020-12"));
}

result<void> check_keywords(const json& s, const std::string& place, ref_siblings siblings, bool is_root) {
  const bool has_ref = s.contains("$ref");
  if (has_ref && !s["$ref"].is_string()) return unusable(place, "expected $ref to be a string");
  for (const auto& [key, value] : s.items()) {
    const std::string_view name = key;
    if (has_ref && siblings == ref_siblings::unclear && restricts(name))
      return unusable(place, concat(quote(name),
                                    " beside $ref means different things in different drafts of JSON Schema: "
                                    "put $ref into allOf, or name the draft in $schema"));
    if (has_ref && siblings == ref_siblings::ignored) continue;
    const auto* const found = std::find_if(not_supported.begin(), not_supported.end(),
                                           [name](const unsupported& u) { return u.name == name; });
    if (found != not_supported.end())
      return unusable(place, concat("the keyword ", quote(name), " is not supported",
                                    found->instead.empty() ? "" : ": ", found->instead));
    // A new base for the references in it.
    if (name == "$id" && !is_root && value.is_string() && !value.get_ref<const std::string&>().starts_with('#'))
      return unusable(place, "the keyword '$id' is supported in the outermost schema only");
  }
  return has_ref && siblings == ref_siblings::ignored ? result<void>() : check_values(s, place);
}

}  // namespace corchestra::detail
