#pragma once

#include <filesystem>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra::program {

/// A whole file. Error (`file_error`): `cannot write 'x': No space left on device`.
result<void> write_file(const std::filesystem::path& path, std::string_view content);

}  // namespace corchestra::program
