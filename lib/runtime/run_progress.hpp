#pragma once

#include <corchestra/core/scheduler.hpp>

namespace corchestra::detail {

/// Of the run as a whole, in [0, 1]: sum(w * p) / sum(w), where w is what a task is expected to take.
double progress_of(const scheduler& run);

}  // namespace corchestra::detail
