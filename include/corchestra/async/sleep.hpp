#pragma once

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/time.hpp>

namespace corchestra {

/// Suspends for `d` on the current executor's time service. Cancellation ends it at once with operation_aborted (thrown).
awaitable<void> sleep_for(duration d);
awaitable<void> sleep_until(time_point t);

/// The time of the current executor's time service.
awaitable<time_point> now();

}  // namespace corchestra
