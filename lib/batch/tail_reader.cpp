#include "batch/tail_reader.hpp"

#include <algorithm>
#include <string>

namespace corchestra::batch {

result<void> read_tail(line_file& file, std::int64_t offset,
                       const std::function<result<void>(std::string_view line, std::int64_t at)>& on_line) {
  constexpr std::int64_t block = 1 << 20;
  std::string text;
  std::int64_t begin = offset;  // of what is in `text`
  for (std::int64_t read = offset; read < file.size();) {
    const auto bytes = file.read(read, static_cast<std::size_t>(std::min(block, file.size() - read)));
    if (bytes.has_error()) return bytes.error();
    read += static_cast<std::int64_t>(bytes->size());
    text += *bytes;
    std::string_view rest = text;
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      const auto at = begin + static_cast<std::int64_t>(text.size() - rest.size());
      if (auto taken = on_line(rest.substr(0, end), at); taken.has_error()) return taken;
      rest.remove_prefix(end + 1);
    }
    begin += static_cast<std::int64_t>(text.size() - rest.size());
    text.erase(0, text.size() - rest.size());
  }
  if (text.empty()) return {};
  return file.cut(begin);
}

}  // namespace corchestra::batch
