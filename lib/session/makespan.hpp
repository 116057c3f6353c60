#pragma once

#include <corchestra/core/scheduler.hpp>
#include <corchestra/core/time_attribution.hpp>
#include <corchestra/session/what_if.hpp>

namespace corchestra {

/// Fills in `chain` and `shares` of a finished run: from the task that ended last back to the start, by what each task
/// waited for. `spent` has kept its spans.
void explain_makespan(const scheduler& s, const time_attribution& spent, foreseen_run& run);

}  // namespace corchestra
