#pragma once

#include <corchestra/base/json.hpp>

namespace corchestra::detail {

/// What must be known of a schema before it is compiled.
struct schema_traits {
  bool has_pattern = false;
  bool has_format = false;
};

/// Refuses, naming the place (`#/properties/a`), what the compiler or a validation could not survive: references out of
/// the schema or in a circle, schemas nested too deep, patterns that are no regular expressions, a `multipleOf` of
/// zero.
result<schema_traits> check_schema(const json& schema);

/// What a local reference (`#/definitions/a`) leads to, or null.
const json* resolve_reference(const json& schema, std::string_view reference);

}  // namespace corchestra::detail
