#pragma once

#include <cstddef>

namespace corchestra::bench {

/// Coroutines that suspend once, `width` at a time, each spawned when one before has ended: what a user would write on
/// Asio alone. Nanoseconds a task.
double bare_loop(std::size_t tasks, std::size_t width);

}  // namespace corchestra::bench
