#include "agents/stderr_reader.hpp"

#include <charconv>

#include <corchestra/base/text.hpp>

namespace corchestra::detail {

namespace {
constexpr std::string_view marker = "CORCHESTRA_PROGRESS ";
constexpr std::size_t max_line = 4096;  // longer ones are no progress
}  // namespace

void stderr_reader::feed(std::string_view piece) {
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    const std::string_view part = piece.substr(0, end == std::string_view::npos ? piece.size() : end + 1);
    piece.remove_prefix(part.size());
    line_ += part;
    if (line_.back() == '\n' || line_.size() > max_line) {
      take_line(line_);
      line_.clear();
    }
  }
}

void stderr_reader::take_line(std::string_view line) {
  if (!line.starts_with(marker)) return keep(line);
  const std::string_view rest = trim(line.substr(marker.size()));
  double fraction = 0;
  const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), fraction);
  const auto length = static_cast<std::size_t>(end - rest.data());
  if (failed != std::errc() || (length < rest.size() && rest[length] != ' ')) return keep(line);
  if (on_progress_) on_progress_(fraction, trim(rest.substr(length)));
}

void stderr_reader::keep(std::string_view text) {
  tail_ += text;
  if (tail_.size() > max_tail_) tail_.erase(0, tail_.size() - max_tail_);
}

std::string stderr_reader::tail() const {
  std::string text = tail_ + line_;
  if (text.size() > max_tail_) text.erase(0, text.size() - max_tail_);
  return std::string(trim(text));
}

}  // namespace corchestra::detail
