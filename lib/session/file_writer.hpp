#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra {

/// A file that grows by whole lines, each handed to the system at once. A line that cannot be written whole is taken
/// back, so that the file always ends with a complete one.
class line_file {
 public:
  /// A new file; an old one of that name is unlinked first.
  static result<line_file> create(std::filesystem::path path);
  line_file() = default;
  line_file(line_file&& o) noexcept;
  line_file& operator=(line_file&& o) noexcept;
  ~line_file();

  /// `line` without its line break. Error: `file_error`.
  result<void> append(std::string line);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  std::int64_t size_ = 0;
};

/// The whole file or none of it: written beside its place, then renamed. Makes missing folders. Error: `file_error`.
result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// `cannot write 'DIR/x': No space left on device`
error file_failure(std::string_view what, const std::filesystem::path& path, int error_number);

}  // namespace corchestra
