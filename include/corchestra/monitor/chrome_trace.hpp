#pragma once

#include <string>

#include <corchestra/core/timeline.hpp>

namespace corchestra {

/// Chrome trace event format (opens in Perfetto and chrome://tracing): a process a run, a thread a lane, a complete
/// event an attempt, an instant a task that never started, and a counter of running tasks.
std::string chrome_trace(const timeline& t);

}  // namespace corchestra
