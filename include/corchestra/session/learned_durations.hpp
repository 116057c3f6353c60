#pragma once

#include <filesystem>

#include <corchestra/plan/duration_file.hpp>
#include <corchestra/plan/settings.hpp>
#include <corchestra/runtime/run_result.hpp>

namespace corchestra {

/// Where what runs of this name have taken is kept: `durations/NAME.json` in the cache folder. Empty without one.
std::filesystem::path learned_durations_path(const settings& s, std::string_view run_name);

/// The run's name: the plan's, else that of its file.
std::string run_name_of(const plan_document& plan);

/// Gives the plan what earlier runs of its name took, unless it has durations already. A file that is missing or
/// damaged counts as none. Returns whether there was one.
bool apply_learned_durations(plan_document& plan, const settings& s);

/// What is known after a run, as `load_duration_file` reads it: kinds from the run's book, tasks from its results over
/// `before` (at most 10,000; spawned ones are left out).
json durations_after(const run_result& r, const duration_file& before);

}  // namespace corchestra
