#pragma once

#include <cstddef>

#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>

namespace corchestra::bench {

/// The bare loop with what `tasks` promises besides and nothing else, written by hand: the engine's five events of each task to
/// a subscriber, and the engine's result of each, kept. No scheduler: the tasks come in order, and each must complete.
/// Nanoseconds a task.
double recording_loop(const task_plan& plan, std::size_t width, const event_sink& subscriber);

}  // namespace corchestra::bench
