#pragma once

#include <corchestra/base/json.hpp>

#include "testing/seeded_random.hpp"
#include "testing/simulated_text.hpp"

namespace corchestra::testing {

/// Invents a value that satisfies an ordinary JSON Schema: types, const, enum, properties, required, items, lengths,
/// bounds, multipleOf, uniqueItems, local $ref, the first branch of anyOf and oneOf, merged allOf, the common string
/// formats. `pattern`, `not`, `if` and `dependentRequired` are not understood.
json sample_schema(const json& schema, simulated_text& text, seeded_random& random);

}  // namespace corchestra::testing
