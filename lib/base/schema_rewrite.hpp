#pragma once

#include <corchestra/base/json.hpp>

namespace corchestra::detail {

/// In a rewritten schema, the keywords in place of `multipleOf` and `pattern`.
inline constexpr const char* multiple_of_keyword = "$multipleOf";
inline constexpr const char* pattern_keyword = "$pattern";

/// A schema that passed `check_schema`, in the words that valijson understands as they are meant. What is referred to
/// is moved to a place of its own: valijson mixes up schemas whose places it spells alike.
json rewrite_schema(const json& schema);

/// Whole numbers as integers (`2.0` is `2`, as JSON Schema has it) and integers beyond 64 bits with sign as floats.
json with_plain_numbers(json value);
/// Whether `with_plain_numbers` would change anything.
bool has_odd_numbers(const json& value);

}  // namespace corchestra::detail
