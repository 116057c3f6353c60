#pragma once

#include <filesystem>
#include <string>

#include <corchestra/base/error.hpp>

namespace corchestra::detail {

/// A whole file, without a byte order mark. Errors: `file_error`, `too_large`, both naming the file.
result<std::string> read_text_file(const std::filesystem::path& file, std::size_t max_bytes);

}  // namespace corchestra::detail
