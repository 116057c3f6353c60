#include "store/line_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

error file_failure(std::string_view what, const std::filesystem::path& path, int error_number) {
  return fail(errc::file_error, concat("cannot ", what, " ", quote(path.string(), 300), ": ",
                                       std::generic_category().message(error_number)));
}

result<line_file> line_file::create(std::filesystem::path path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return file_failure("replace", path, errno);
  line_file f;
  f.fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  if (f.fd_ < 0) return file_failure("write", path, errno);
  f.path_ = std::move(path);
  return f;
}

line_file::line_file(line_file&& o) noexcept
    : path_(std::move(o.path_)), fd_(std::exchange(o.fd_, -1)), size_(o.size_) {}

line_file& line_file::operator=(line_file&& o) noexcept {
  std::swap(path_, o.path_);
  std::swap(fd_, o.fd_);
  std::swap(size_, o.size_);
  return *this;
}

line_file::~line_file() {
  if (fd_ >= 0) ::close(fd_);
}

result<line_file> line_file::open(std::filesystem::path path) {
  line_file f;
  f.fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (f.fd_ < 0) return file_failure("write", path, errno);
  const off_t size = ::lseek(f.fd_, 0, SEEK_END);
  if (size < 0) return file_failure("write", path, errno);
  f.size_ = size;
  f.path_ = std::move(path);
  return f;
}

result<void> line_file::append(std::string line) {
  line += '\n';
  return append_block(line);
}

result<void> line_file::append_block(std::string_view lines) {
  if (!write_all(fd_, lines)) {
    const int why = errno;
    if (::ftruncate(fd_, size_) != 0) return file_failure("repair", path_, errno);
    return file_failure("write", path_, why);
  }
  size_ += static_cast<std::int64_t>(lines.size());
  return {};
}

result<void> line_file::move_to(std::filesystem::path path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) return file_failure("write", path, errno);
  path_ = std::move(path);
  return {};
}

result<void> line_file::cut(std::int64_t size) {
  if (::ftruncate(fd_, size) != 0) return file_failure("cut", path_, errno);
  size_ = size;
  return {};
}

result<std::string> line_file::read(std::int64_t offset, std::size_t size) const {
  std::string bytes(size, '\0');
  for (std::size_t got = 0; got < size;) {
    const ssize_t n = ::pread(fd_, bytes.data() + got, size - got, offset + static_cast<off_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_failure("read", path_, errno);
    if (n == 0) return fail(errc::file_error, concat(quote(path_.string(), 300), " is shorter than it was"));
    got += static_cast<std::size_t>(n);
  }
  return bytes;
}

result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  std::error_code ec;
  std::filesystem::create_directories(path.parent_path(), ec);
  if (ec) return file_failure("make the folder", path.parent_path(), ec.value());
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) return file_failure("write", path, errno);
  int why = 0;
  if (!write_all(fd, content)) why = errno;
  if (::close(fd) != 0 && why == 0) why = errno;
  if (why == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) why = errno;
  if (why == 0) return {};
  ::unlink(temporary.c_str());
  return file_failure("write", path, why);
}

}  // namespace corchestra
