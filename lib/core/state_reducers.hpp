#pragma once

#include <corchestra/core/plan.hpp>

namespace corchestra {

/// Whether a reducer of this name exists.
bool is_reducer(std::string_view name) noexcept;

/// Merges an output into the shared state's value of `key`, by the reducer that the options name for it. On an error
/// (a reducer that throws, a merge of what is no object, a sum, min or max of what is no number) the state is as it was.
result<void> merge_state(json& state, const run_options& options, const std::string& key, const json& output);

}  // namespace corchestra
