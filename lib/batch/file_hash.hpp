#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra::batch {

/// XXH128 of bytes that come piece by piece: whether a file is still the same. Nobody is kept out by it.
class file_hash {
 public:
  file_hash();
  ~file_hash();
  file_hash(const file_hash&) = delete;
  file_hash& operator=(const file_hash&) = delete;

  void add(std::string_view bytes) noexcept;
  /// Of all that was added, as `xxhsum -H128` writes it.
  std::string hex() const;

  /// Of a file's bytes. Error: `file_error`.
  static result<std::string> of(const std::filesystem::path& file);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra::batch
