#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "base/pointer_step.hpp"

namespace corchestra::detail {

enum class holds { schema, list, map };

/// A keyword with schemas in it.
struct keyword {
  std::string_view name;
  holds what;
  bool in_place;  ///< applies to the same value as the schema it stands in
};
inline constexpr std::array<keyword, 19> keywords{{
    {"additionalItems", holds::schema, false},
    {"additionalProperties", holds::schema, false},
    {"allOf", holds::list, true},
    {"anyOf", holds::list, true},
    {"contains", holds::schema, false},
    {"definitions", holds::map, false},
    {"$defs", holds::map, false},
    {"dependencies", holds::map, true},
    {"dependentSchemas", holds::map, true},
    {"else", holds::schema, true},
    {"if", holds::schema, true},
    {"items", holds::schema, false},
    {"not", holds::schema, true},
    {"oneOf", holds::list, true},
    {"patternProperties", holds::map, false},
    {"prefixItems", holds::list, false},
    {"properties", holds::map, false},
    {"propertyNames", holds::schema, false},
    {"then", holds::schema, true},
}};

inline const keyword* find_keyword(std::string_view name) {
  const auto* const found =
      std::find_if(keywords.begin(), keywords.end(), [name](const keyword& k) { return k.name == name; });
  return found == keywords.end() ? nullptr : found;
}

/// `items` and `dependencies` may hold lists too: of schemas and of names.
inline holds held(const keyword& k, const json& value) {
  return k.name == "items" && value.is_array() ? holds::list : k.what;
}

/// `f(schema, place, in_place)` of every schema directly in `s`. Values of the wrong type are left for the compiler to
/// refuse.
template <class F>
result<void> for_schemas_in(const json& s, const std::string& place, const F& f) {
  for (const keyword& k : keywords) {
    const auto found = s.find(k.name);
    if (found == s.end()) continue;
    const std::string at = concat(place, '/', k.name);
    const holds what = held(k, *found);
    if (what == holds::schema) {
      if (auto r = f(*found, at, k.in_place); !r) return r;
    } else if (what == holds::list && found->is_array()) {
      for (std::size_t i = 0; i < found->size(); ++i)
        if (auto r = f((*found)[i], concat(at, '/', i), k.in_place); !r) return r;
    } else if (what == holds::map && found->is_object()) {
      for (const auto& [key, child] : found->items()) {
        if (child.is_array() && k.name == "dependencies") continue;
        if (auto r = f(child, concat(at, '/', pointer_step(key)), k.in_place); !r) return r;
      }
    }
  }
  return {};
}

}  // namespace corchestra::detail
