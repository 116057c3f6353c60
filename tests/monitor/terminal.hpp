#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace corchestra::tests {

/// A terminal just big enough for the console: UTF-8, wide characters, line feeds, `CSI n A`, `CSI K`, `CSI J`, `CSI
/// m`. Anything else counts as unknown. Written past the last column, it wraps and says so.
class terminal {
 public:
  terminal(std::size_t width, std::size_t height) : width_(width), screen_(height, row(width, " ")) {}

  void write(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto c = static_cast<unsigned char>(bytes[at]);
      if (c == 0x1b) {
        escape(bytes, at);
      } else if (c == '\r') {
        column_ = 0;
        ++at;
      } else if (c == '\n') {
        feed();
        ++at;
      } else {
        std::size_t next = at + 1;
        while (next < bytes.size() && (static_cast<unsigned char>(bytes[next]) & 0xC0) == 0x80) ++next;
        put(std::string(bytes.substr(at, next - at)));
        at = next;
      }
    }
  }

  bool wrapped = false, over_top = false, unknown = false, colored = false;
  std::size_t column() const { return column_; }

  /// Everything that was ever shown and not erased, scrolled lines first.
  std::vector<std::string> lines() const {
    std::vector<std::string> out = scrolled_;
    for (std::size_t i = 0; i < screen_.size(); ++i) out.push_back(text(screen_[i]));
    while (!out.empty() && out.back().empty()) out.pop_back();
    return out;
  }
  bool shows(std::string_view part) const {
    const auto all = lines();
    return std::any_of(all.begin(), all.end(), [&](const auto& l) { return l.find(part) != std::string::npos; });
  }

 private:
  using row = std::vector<std::string>;

  static bool wide(std::string_view c) { return c == "⚡" || c == "📊" || (c.size() == 3 && c >= "一" && c <= "龥"); }

  void put(std::string c) {
    if (static_cast<unsigned char>(c[0]) < 0x20) {
      unknown = true;
      return;
    }
    const std::size_t columns = wide(c) ? 2 : 1;
    if (column_ + columns > width_) {
      wrapped = true;
      feed();
    }
    screen_[line_][column_] = std::move(c);
    if (columns == 2) screen_[line_][column_ + 1].clear();
    column_ += columns;
  }

  void feed() {
    column_ = 0;
    if (line_ + 1 < screen_.size()) {
      ++line_;
      return;
    }
    scrolled_.push_back(text(screen_.front()));
    screen_.erase(screen_.begin());
    screen_.emplace_back(width_, " ");
  }

  void escape(std::string_view bytes, std::size_t& at) {
    std::size_t end = at + 2;
    while (end < bytes.size() && !(bytes[end] >= '@' && bytes[end] <= '~')) ++end;
    if (at + 1 >= bytes.size() || bytes[at + 1] != '[' || end >= bytes.size()) {
      unknown = true;
      ++at;
      return;
    }
    const std::string argument(bytes.substr(at + 2, end - at - 2));
    const std::size_t n = argument.empty() ? 0 : std::strtoul(argument.c_str(), nullptr, 10);
    if (bytes[end] == 'A') {
      over_top = over_top || n > line_;
      line_ -= std::min(n, line_);
    } else if (bytes[end] == 'K' || bytes[end] == 'J') {
      std::fill(screen_[line_].begin() + static_cast<std::ptrdiff_t>(column_), screen_[line_].end(), " ");
      if (bytes[end] == 'J')
        std::fill(screen_.begin() + static_cast<std::ptrdiff_t>(line_ + 1), screen_.end(), row(width_, " "));
    } else if (bytes[end] == 'm') {
      colored = n != 0;
    } else {
      unknown = true;
    }
    at = end + 1;
  }

  static std::string text(const row& r) {
    std::string s;
    for (const auto& c : r) s += c;
    s.erase(s.find_last_not_of(' ') + 1);
    return s;
  }

  std::size_t width_, line_ = 0, column_ = 0;
  std::vector<row> screen_;
  std::vector<std::string> scrolled_;
};

}  // namespace corchestra::tests
