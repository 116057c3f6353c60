#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/error.hpp>
#include <corchestra/core/plan.hpp>

namespace corchestra {

/// The limits that an earlier system had, by name: `stage8` (3 slots), `ucop` (5 slots; groups without a time limit get
/// 300 s), `jobpool` (3 slots, 20 spawned tasks, 3 children a task, loops of 10 iterations), `taskcall` (10 slots).
std::vector<std::string> preset_names();

/// Sets a preset's limits. Of groups, those that are there already. Error: `invalid_argument` for an unknown name.
result<void> apply_preset(std::string_view name, run_options& options);

}  // namespace corchestra
