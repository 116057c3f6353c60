#pragma once

#include <string>
#include <vector>

#include <corchestra/base/time.hpp>

namespace corchestra::detail {

struct time_tick {
  duration at{};
  std::string label;
};

/// Round moments of [0, span], at most `most + 1`, beginning with 0.
std::vector<time_tick> time_ticks(duration span, std::size_t most = 10);

}  // namespace corchestra::detail
