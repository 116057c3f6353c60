#pragma once

#include <string>

#include <corchestra/base/json.hpp>
#include <corchestra/session/what_if.hpp>

namespace corchestra {

/// For people: a table with a line for each number of slots, then order of starts and what the time goes to, and the
/// assumptions.
std::string what_if_text(const what_if_result& w);

/// The same for programs: what `corchestra plan --json` prints (docs/scheduling.md).
ordered_json what_if_json(const what_if_result& w);

}  // namespace corchestra
