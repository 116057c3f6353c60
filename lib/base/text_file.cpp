#include "base/text_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include <corchestra/base/text.hpp>

namespace corchestra::detail {

result<std::string> read_text_file(const std::filesystem::path& file, std::size_t max_bytes) {
  const std::string name = quote(file.string(), 300);
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored))
    return fail(errc::file_error, concat("cannot read ", name, ": it is a folder"));
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  const auto unreadable = [&name] {
    return fail(errc::file_error, concat("cannot read ", name, ": ", std::generic_category().message(errno)));
  };
  if (!in) return unreadable();
  std::string text;
  char block[64 * 1024];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > max_bytes) return fail(errc::too_large, concat(name, " is larger than ", max_bytes, " bytes"));
  }
  if (in.bad()) return unreadable();
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

}  // namespace corchestra::detail
