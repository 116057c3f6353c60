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

  /// The file as it is, or a new one; further lines come at its end.
  static result<line_file> open(std::filesystem::path path);

  /// `line` without its line break. Error: `file_error`.
  result<void> append(std::string line);
  /// Any number of lines, each with its break: all of them or none.
  result<void> append_block(std::string_view lines);

  std::int64_t size() const noexcept { return size_; }
  const std::filesystem::path& path() const noexcept { return path_; }
  /// Gives it another name, in place of a file that has it.
  result<void> move_to(std::filesystem::path path);
  /// Keeps the first bytes only.
  result<void> cut(std::int64_t size);
  /// Bytes that are in the file. Error: `file_error`, also when there are fewer.
  result<std::string> read(std::int64_t offset, std::size_t size) const;

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
