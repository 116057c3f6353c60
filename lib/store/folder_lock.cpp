#include "store/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include <corchestra/base/text.hpp>

#include "store/line_file.hpp"

namespace corchestra {

result<folder_lock> folder_lock::take(const std::filesystem::path& folder) {
  folder_lock lock;
  lock.fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock.fd_ < 0) return file_failure("open the folder", folder, errno);
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return fail(errc::file_error, concat("the folder ", quote(folder.string(), 300), " is in use by another run"));
  return lock;
}

folder_lock::~folder_lock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace corchestra
