#pragma once

#include <corchestra/base/json.hpp>

namespace corchestra::detail {

/// Refuses, naming the place (`#/properties/a`), what would be ignored although it restricts the value, and what the
/// compiler or a validation could not survive: references out of the schema or in a circle, schemas nested too deep,
/// patterns that are no regular expressions, a `multipleOf` of zero.
result<void> check_schema(const json& schema);

/// What a local reference (`#/definitions/a`) leads to, or null.
const json* resolve_reference(const json& schema, std::string_view reference);

/// The error about a place in a schema.
error unusable(std::string_view place, std::string_view what);

}  // namespace corchestra::detail
