#pragma once

#include <string>

#include <corchestra/core/time_attribution.hpp>
#include <corchestra/core/timeline.hpp>

namespace corchestra {

/// A self-contained SVG picture for light and dark pages: up to 60 tasks a row a task, more of them a row a lane; a bar
/// an attempt coloured by state, a light bar for the time before it, a time axis, a legend, hover titles, and below how
/// many ran at once. Given what time went to (kept with spans; may be null), the light bars are coloured by what was
/// waited for. Text is escaped.
std::string timeline_svg(const timeline& t, const time_attribution* uses = nullptr);

}  // namespace corchestra
