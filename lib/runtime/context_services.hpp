#pragma once

#include <corchestra/async/time_service.hpp>

#include "async/shared_timer.hpp"
#include "async/shutdown_service.hpp"

namespace corchestra::detail {

/// What every run needs of its execution context, looked up once.
struct context_services {
  explicit context_services(const any_io_executor& executor)
      : time(time_service::of(executor)), timer(shared_timer::of(executor)), shutdown(shutdown_service::of(executor)) {}

  time_service& time;
  shared_timer& timer;
  shutdown_service& shutdown;
};

}  // namespace corchestra::detail
