#pragma once

#include <filesystem>
#include <string_view>

namespace corchestra {

/// Where below `outputs/` a task's output lies: its id with `/` as subfolders (of spawned children), every other
/// character that is not safe in a file name as `%XX`, and long names shortened by a digest. Different ids never share
/// a path, and none leads out of the folder. `extension` is `.txt` or `.json`.
std::filesystem::path output_path(std::string_view task_id, std::string_view extension);

}  // namespace corchestra
