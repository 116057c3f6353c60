#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra::batch {

/// A file's bytes, block by block.
class block_reader {
 public:
  /// `on_block` sees each block once, before it is given out.
  static result<block_reader> open(const std::filesystem::path& path, std::function<void(std::string_view)> on_block = {});
  block_reader(block_reader&& o) noexcept;
  ~block_reader();

  /// The next bytes; empty at the end.
  result<std::string_view> next();
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  block_reader(std::filesystem::path path, int fd, std::function<void(std::string_view)> on_block);

  std::filesystem::path path_;
  int fd_;
  std::string block_;
  std::function<void(std::string_view)> on_block_;
};

}  // namespace corchestra::batch
