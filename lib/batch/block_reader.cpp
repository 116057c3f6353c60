#include "batch/block_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <corchestra/base/text.hpp>

#include "store/line_file.hpp"

namespace corchestra::batch {

namespace {
constexpr std::size_t block_bytes = 64u << 10;
}

block_reader::block_reader(std::filesystem::path path, int fd, std::function<void(std::string_view)> on_block)
    : path_(std::move(path)), fd_(fd), on_block_(std::move(on_block)) {
  block_.resize(block_bytes);
}

block_reader::block_reader(block_reader&& o) noexcept
    : path_(std::move(o.path_)),
      fd_(std::exchange(o.fd_, -1)),
      block_(std::move(o.block_)),
      on_block_(std::move(o.on_block_)) {}

block_reader::~block_reader() {
  if (fd_ >= 0) ::close(fd_);
}

result<block_reader> block_reader::open(const std::filesystem::path& path,
                                        std::function<void(std::string_view)> on_block) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return file_failure("read", path, errno);
  block_reader opened(path, fd, std::move(on_block));
  struct stat about{};
  if (::fstat(fd, &about) != 0) return file_failure("read", path, errno);
  if (!S_ISREG(about.st_mode))
    return fail(errc::file_error, concat(quote(path.string(), 300), " is no regular file: a batch reads it twice"));
  return opened;
}

result<std::string_view> block_reader::next() {
  ssize_t n = 0;
  do {
    n = ::read(fd_, block_.data(), block_.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return file_failure("read", path_, errno);
  const std::string_view block = std::string_view(block_).substr(0, static_cast<std::size_t>(n));
  if (on_block_) on_block_(block);
  return block;
}

}  // namespace corchestra::batch
