#pragma once

#include <corchestra/base/json.hpp>

namespace corchestra::llm {

/// Whether a schema keeps to the subset that `strict` output demands: an object whose every object lists all its
/// properties as required and allows no others, with keywords that are supported and little nesting. Cautious: what is
/// left out here is still asked for, not strictly.
bool is_strict_schema(const json& schema);

}  // namespace corchestra::llm
