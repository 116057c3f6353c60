#pragma once

#include <corchestra/base/time.hpp>

namespace corchestra::detail {

/// `d` after `t`, at once when it is negative; time_point::max() when that is beyond it.
constexpr time_point later(time_point t, duration d) noexcept {
  if (d < duration::zero()) return t;
  return t.time_since_epoch() > time_point::max().time_since_epoch() - d ? time_point::max() : t + d;
}

}  // namespace corchestra::detail
