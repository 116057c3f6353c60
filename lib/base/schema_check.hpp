#pragma once

#include <corchestra/base/json.hpp>

namespace corchestra::detail {

/// Refuses, naming the place (`#/properties/a`), what the compiler or a validation could not survive: references out of
/// the schema or in a circle, schemas nested too deep, patterns that are no regular expressions, a `multipleOf` of
/// zero.
result<void> check_schema(const json& schema);

/// `format` says nothing about what is not a string, which valijson overlooks: puts each behind a test for the type.
void guard_formats(json& schema);

/// Whether texts are matched against regular expressions anywhere.
bool has_patterns(const json& schema);

/// What a local reference (`#/definitions/a`) leads to, or null.
const json* resolve_reference(const json& schema, std::string_view reference);

}  // namespace corchestra::detail
