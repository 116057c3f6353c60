#pragma once

#include <filesystem>
#include <utility>

#include <corchestra/base/error.hpp>

namespace corchestra {

/// A folder that this process alone writes to, as far as others ask for the lock too (flock(2)). The system gives it back
/// when the process ends, however it ends.
class folder_lock {
 public:
  /// Of a folder that is there. Error `file_error`: another has it. Where the file system knows no locks there is none.
  static result<folder_lock> take(const std::filesystem::path& folder);
  folder_lock() = default;
  folder_lock(folder_lock&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  folder_lock& operator=(folder_lock&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~folder_lock();

 private:
  int fd_ = -1;
};

}  // namespace corchestra
