#include <corchestra/base/secret.hpp>

#include <algorithm>

#include <corchestra/base/json.hpp>

namespace corchestra {

void redactor::add(const secret& s) {
  const auto keep = [this](std::string word) {
    if (word.size() < least || std::find(words_.begin(), words_.end(), word) != words_.end()) return;
    words_.push_back(std::move(word));
  };
  keep(s.reveal());
  const std::string escaped = dump_json(json(s.reveal()));
  keep(escaped.substr(1, escaped.size() - 2));
  // the longest first: one secret may contain another
  std::sort(words_.begin(), words_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string redactor::operator()(std::string text) const {
  static constexpr std::string_view mark = "[redacted]";
  for (const std::string& word : words_)
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + mark.size()))
      text.replace(at, word.size(), mark);
  return text;
}

std::size_t redactor::begun(std::string_view text) const noexcept {
  std::size_t longest = 0;
  for (const std::string_view word : words_)
    for (std::size_t n = std::min(word.size() - 1, text.size()); n > longest; --n)
      if (word.starts_with(text.substr(text.size() - n))) longest = n;
  return longest;
}

}  // namespace corchestra
