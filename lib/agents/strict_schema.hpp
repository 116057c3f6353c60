#pragma once

#include <corchestra/base/json.hpp>

namespace corchestra::detail {

/// Whether a schema obeys what servers demand of `strict` output: every object in it lists all its properties as
/// required and allows no others.
bool is_strict_schema(const json& schema);

}  // namespace corchestra::detail
