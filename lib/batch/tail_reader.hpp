#pragma once

#include <functional>
#include <string_view>

#include "store/line_file.hpp"

namespace corchestra::batch {

/// Calls `on_line` for every whole line from `offset` on, with its place in the file, and cuts off a torn last one.
/// Errors: `file_error`, and those of `on_line`.
result<void> read_tail(line_file& file, std::int64_t offset,
                       const std::function<result<void>(std::string_view line, std::int64_t at)>& on_line);

}  // namespace corchestra::batch
