#pragma once

#include <string>
#include <string_view>

// Resources that are paths: `file:PATH` and `directory:PATH`. Both name places in the same trees: one for absolute
// paths, below `/`, and one for relative paths, below `.`. Nothing is looked up on a disk: links and case are not
// resolved.
namespace corchestra::detail {

bool is_path(std::string_view id) noexcept;

/// The path of such an id without its kind: no `.`, `//` or trailing `/` in it, and `..` only where a relative path
/// leads out of `.`. There are no places above `.`: `..` is `.` itself, and `../x` is within it, which is too careful
/// but safe.
std::string normal_path(std::string_view id);

/// The folder that holds a normal path; empty for the two roots.
std::string_view parent_path(std::string_view normal) noexcept;

}  // namespace corchestra::detail
