#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace corchestra::llm {

/// Reads JSON text value by value, without building anything. It accepts nothing that is not JSON, but not all that is:
/// false means that the text is for `parse_json` to judge, and ends the reading. Pure.
class json_scanner {
 public:
  static constexpr int max_depth = 64;

  explicit json_scanner(std::string_view text) noexcept : at_(text.data()), end_(at_ + text.size()) {}

  /// The first character of the next value, 0 at the end.
  char peek() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    return at_ == end_ ? '\0' : *at_;
  }
  bool at_end() noexcept { return peek() == '\0' && at_ == end_; }

  /// `member(key)` reads the member's value.
  template <class Member>
  bool object(Member member) {
    return sequence('{', '}', [&] {
      std::string_view key;
      return plain_string(key) && take(':') && member(key);
    });
  }
  /// `element()` reads an element.
  template <class Element>
  bool array(Element element) {
    return sequence('[', ']', element);
  }
  /// Appends the text to `out`.
  bool string(std::string& out);
  /// A whole number.
  bool integer(std::int64_t& out);
  /// Any value.
  bool skip();
  /// Any value, as it is written.
  bool raw(std::string_view& out) {
    return raw_of(out, [this] { return skip(); });
  }
  /// As it is written, what `read` reads.
  template <class Read>
  bool raw_of(std::string_view& out, Read read) {
    peek();
    const char* const from = at_;
    if (!read()) return false;
    out = std::string_view(from, static_cast<std::size_t>(at_ - from));
    return true;
  }

 private:
  bool take(char c) noexcept {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  template <class Each>
  bool sequence(char open, char close, Each each) {
    if (!take(open) || ++depth_ > max_depth) return false;
    if (!take(close)) {
      do {
        if (!each()) return false;
      } while (take(','));
      if (!take(close)) return false;
    }
    --depth_;
    return true;
  }
  bool plain_string(std::string_view& out);
  bool escape(unsigned& code_point);
  bool hex(unsigned& out);
  bool number(bool& whole);
  bool word(std::string_view w);
  bool any_string();

  const char* at_;
  const char* end_;
  int depth_ = 0;
};

}  // namespace corchestra::llm
