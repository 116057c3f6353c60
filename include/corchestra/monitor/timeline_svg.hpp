#pragma once

#include <string>

#include <corchestra/core/timeline.hpp>

namespace corchestra {

/// A self-contained SVG picture: a row a lane, a bar an attempt coloured by state, a time axis, names, a legend and
/// hover titles. Text is escaped.
std::string timeline_svg(const timeline& t);

}  // namespace corchestra
