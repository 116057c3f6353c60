#include "base/schema_check.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>
#include <unordered_map>

#include <corchestra/base/text.hpp>

namespace corchestra::detail {

namespace {

constexpr std::size_t max_depth = 200;
constexpr std::size_t max_pattern = 2000;

enum class holds { schema, list, map };
struct keyword {
  const char* name;
  holds what;
  bool in_place;  ///< applies to the same value as the schema it stands in
};
constexpr std::array<keyword, 17> keywords{{
    {"additionalItems", holds::schema, false},
    {"additionalProperties", holds::schema, false},
    {"allOf", holds::list, true},
    {"anyOf", holds::list, true},
    {"contains", holds::schema, false},
    {"definitions", holds::map, false},
    {"$defs", holds::map, false},
    {"dependencies", holds::map, true},
    {"else", holds::schema, true},
    {"if", holds::schema, true},
    {"items", holds::schema, false},
    {"not", holds::schema, true},
    {"oneOf", holds::list, true},
    {"patternProperties", holds::map, false},
    {"properties", holds::map, false},
    {"propertyNames", holds::schema, false},
    {"then", holds::schema, true},
}};

std::string percent_decoded(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    unsigned value = 0;
    if (s[i] == '%' && i + 2 < s.size() && std::from_chars(&s[i + 1], &s[i + 1] + 2, value, 16).ptr == &s[i + 1] + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += s[i];
    }
  }
  return out;
}

/// Every schema directly in `s`. Keywords of the wrong type are left for the compiler to refuse.
template <class Json, class F>
result<void> children(Json& s, const std::string& place, const F& f) {
  for (const keyword& k : keywords) {
    const auto found = s.find(k.name);
    if (found == s.end()) continue;
    const std::string at = concat(place, '/', k.name);
    const bool list = k.what == holds::list || (found->is_array() && std::string_view(k.name) == "items");
    if (k.what == holds::schema && !list) {
      if (auto r = f(*found, at, k.in_place); !r) return r;
    } else if (list && found->is_array()) {
      for (std::size_t i = 0; i < found->size(); ++i)
        if (auto r = f((*found)[i], concat(at, '/', i), k.in_place); !r) return r;
    } else if (k.what == holds::map && found->is_object()) {
      for (auto it = found->begin(); it != found->end(); ++it) {
        if (it->is_array() && std::string_view(k.name) == "dependencies") continue;
        if (auto r = f(*it, concat(at, '/', it.key()), k.in_place); !r) return r;
      }
    }
  }
  return {};
}

class checker {
 public:
  explicit checker(const json& root) : root_(root) {}

  /// The schema and everything in it.
  result<void> visit(const json& s, const std::string& place, std::size_t depth) {
    if (s.is_boolean()) return {};
    if (!s.is_object())
      return bad(place, concat("expected a schema (an object, true or false), found a ", s.type_name()));
    if (depth > max_depth) return bad(place, concat("nested deeper than ", max_depth, " levels"));
    if (!seen_.emplace(&s, mark::open).second) return {};
    if (auto r = values(s, place); !r) return r;
    if (const auto ref = s.find("$ref"); ref != s.end()) {
      if (!ref->is_string()) return bad(place, "expected $ref to be a string");
      const std::string& target = ref->get_ref<const std::string&>();
      const json* to = resolve_reference(root_, target);
      if (!to)
        return bad(place, concat("$ref ", quote(target),
                                 " leads nowhere: expected a place within the schema, as '#/definitions/name'"));
      return visit(*to, target, depth + 1);
    }
    return children(s, place,
                    [&](const json& child, const std::string& at, bool) { return visit(child, at, depth + 1); });
  }

  /// Whether the schema applies itself to the same value, which would never end.
  result<void> find_circle(const json& s, const std::string& place, std::size_t depth) {
    if (!s.is_object()) return {};
    if (depth > max_depth) return bad(place, concat("nested deeper than ", max_depth, " levels"));
    mark& m = circle_[&s];
    if (m == mark::done) return {};
    if (m == mark::open) return bad(place, "the schema refers to itself without going down into the value");
    m = mark::open;
    result<void> r;
    if (const auto ref = s.find("$ref"); ref != s.end()) {
      const std::string& target = ref->get_ref<const std::string&>();
      r = find_circle(*resolve_reference(root_, target), target, depth + 1);
    } else {
      r = children(s, place, [&](const json& child, const std::string& at, bool in_place) {
        return in_place ? find_circle(child, at, depth + 1) : result<void>();
      });
    }
    circle_[&s] = mark::done;
    return r;
  }

  result<void> find_circles() {
    for (const auto& [schema, unused] : seen_)
      if (auto r = find_circle(*schema, "#", 0); !r) return r;
    return {};
  }

 private:
  enum class mark { fresh, open, done };

  static error bad(std::string_view place, std::string_view what) {
    return fail(errc::invalid_argument, concat("not a usable JSON Schema: ", place, ": ", what));
  }

  static result<void> pattern(const std::string& text, const std::string& place) {
    if (text.size() > max_pattern) return bad(place, concat("the pattern is longer than ", max_pattern, " bytes"));
    try {
      const std::regex compiled(text, std::regex::ECMAScript);
    } catch (const std::regex_error& e) {
      return bad(place, concat(quote(text), " is not a regular expression: ", e.what()));
    }
    return {};
  }

  static result<void> values(const json& s, const std::string& place) {
    if (const auto m = s.find("multipleOf"); m != s.end() && (!m->is_number() || m->get<double>() <= 0))
      return bad(place, "expected multipleOf to be a number above 0");
    if (const auto p = s.find("pattern"); p != s.end()) {
      if (!p->is_string()) return bad(place, "expected pattern to be a string");
      if (auto r = pattern(p->get_ref<const std::string&>(), place); !r) return r;
    }
    if (const auto p = s.find("patternProperties"); p != s.end() && p->is_object())
      for (const auto& [key, unused] : p->items())
        if (auto r = pattern(key, place); !r) return r;
    return {};
  }

  const json& root_;
  std::unordered_map<const json*, mark> seen_, circle_;
};

}  // namespace

const json* resolve_reference(const json& schema, std::string_view reference) {
  if (reference.empty() || reference.front() != '#') return nullptr;
  try {
    const json::json_pointer pointer(percent_decoded(reference.substr(1)));
    return schema.contains(pointer) ? &schema.at(pointer) : nullptr;
  } catch (const json::exception&) {
    return nullptr;
  }
}

result<void> check_schema(const json& schema) {
  checker c(schema);
  if (auto r = c.visit(schema, "#", 0); !r) return r;
  return c.find_circles();
}

void guard_formats(json& schema) {
  if (!schema.is_object()) return;
  const auto all = children(schema, "", [](json& child, const std::string&, bool) {
    guard_formats(child);
    return result<void>();
  });
  const auto format = schema.find("format");
  if (!all || format == schema.end() || !format->is_string()) return;
  json guarded{{"if", {{"type", "string"}}}, {"then", {{"format", *format}}}};
  schema.erase(format);
  json& list = schema["allOf"];
  if (list.is_null() || list.is_array()) list.push_back(std::move(guarded));
}

bool has_patterns(const json& schema) {
  if (schema.is_object() && (schema.contains("pattern") || schema.contains("patternProperties"))) return true;
  return schema.is_structured() && std::any_of(schema.begin(), schema.end(), has_patterns);
}

}  // namespace corchestra::detail
