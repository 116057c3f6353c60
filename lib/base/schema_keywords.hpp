#pragma once

#include <corchestra/base/json.hpp>

namespace corchestra::detail {

/// What is meant by keywords beside `$ref`: up to draft 7 they are ignored, from 2019-09 on they apply, and a schema
/// that names no draft in `$schema` does not say.
enum class ref_siblings { ignored, unclear, applied };

/// By `$schema`. Error: a draft, or a vocabulary of its own, that is not supported.
result<ref_siblings> siblings_of(const json& root);

/// Refuses one schema, without those in it, for keywords that would be ignored although they restrict the value, and
/// for values that the compiler or a validation could not survive.
result<void> check_keywords(const json& s, const std::string& place, ref_siblings siblings, bool is_root);

}  // namespace corchestra::detail
