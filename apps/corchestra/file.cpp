#include "file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <corchestra/base/text.hpp>

#include "terminal.hpp"

namespace corchestra::program {

result<void> write_file(const std::filesystem::path& path, std::string_view content) {
  const auto failed = [&](int why) {
    return fail(errc::file_error,
                concat("cannot write ", quote(path.string(), 300), ": ", std::generic_category().message(why)));
  };
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return failed(errno);
  int why = write_to(fd, content);
  if (::close(fd) != 0 && why == 0) why = errno;
  return why == 0 ? result<void>() : failed(why);
}

}  // namespace corchestra::program
