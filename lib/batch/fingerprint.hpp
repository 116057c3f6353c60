#pragma once

#include <filesystem>
#include <string>

#include <corchestra/base/error.hpp>

namespace corchestra::batch {

/// SHA-256 of a file's bytes, in hex. Error: `file_error`.
result<std::string> fingerprint(const std::filesystem::path& file);

}  // namespace corchestra::batch
