#include <cstdio>
#include <iterator>

#include <corchestra/base/text.hpp>
#include "plan/node_builder.hpp"
#include "plan/parse.hpp"

namespace corchestra::plan_file {

namespace {

struct cursor {
  int line = 1;
  char last = 0;
};

/// Counts lines as the parser reads, because nlohmann's events carry no position.
class counting_iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  counting_iterator(const char* at, cursor* c) : at_(at), cursor_(c) {}
  const char& operator*() const { return *at_; }
  counting_iterator& operator++() {
    cursor_->last = *at_;
    if (*at_++ == '\n') ++cursor_->line;
    return *this;
  }
  counting_iterator operator++(int) {
    counting_iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const counting_iterator& a, const counting_iterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  cursor* cursor_;
};

class json_events {
 public:
  json_events(node_builder& b, const cursor& c) : builder_(b), cursor_(c) {}

  bool null() { return builder_.scalar(nullptr, line()); }
  bool boolean(bool v) { return builder_.scalar(v, line()); }
  bool number_integer(std::int64_t v) { return builder_.scalar(v, number_line()); }
  bool number_unsigned(std::uint64_t v) { return builder_.scalar(v, number_line()); }
  bool number_float(double v, const std::string&) { return builder_.scalar(v, number_line()); }
  bool string(std::string& v) { return builder_.scalar(std::move(v), line()); }
  bool binary(json::binary_t&) { return false; }
  bool start_object(std::size_t) { return builder_.begin(node::kind::object, line()); }
  bool key(std::string& v) { return builder_.key(std::move(v), line()); }
  bool end_object() { return builder_.end(); }
  bool start_array(std::size_t) { return builder_.begin(node::kind::list, line()); }
  bool end_array() { return builder_.end(); }
  bool parse_error(std::size_t, const std::string&, const json::exception& e) {
    syntax_ = e.what();
    return false;
  }

  /// The parser's message, empty when the builder refused.
  const std::string& syntax() const noexcept { return syntax_; }

 private:
  int line() const { return cursor_.line; }
  int number_line() const {
    return cursor_.last == '\n' ? cursor_.line - 1 : cursor_.line;
  }  // a number ends one after it

  node_builder& builder_;
  const cursor& cursor_;
  std::string syntax_;
};

/// `[json.exception.parse_error.101] parse error at line 3, column 5: what` as `3:5: what`.
std::string with_position(std::string_view message, int line_now, int first_line) {
  int line = line_now;
  int column = 0;
  if (const auto at = message.find("parse error at line "); at != std::string_view::npos) {
    std::sscanf(std::string(message.substr(at)).c_str(), "parse error at line %d, column %d", &line, &column);
    message.remove_prefix(message.find(": ", at) + 2);
  } else if (const auto close = message.find("] "); close != std::string_view::npos) {
    message.remove_prefix(close + 2);
  }
  const int shown = line + first_line - 1;
  return column > 0 ? concat(shown, ":", column, ": malformed JSON: ", message)
                    : concat(shown, ": malformed JSON: ", message);
}

}  // namespace

result<node> parse_json_text(std::string_view text, std::string_view source, errc code, int first_line) {
  if (const int line = first_bad_utf8_line(text))
    return fail(code, concat(source, ":", line + first_line - 1, ": the text is not UTF-8"));
  // nlohmann's own message for this differs between its versions
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return fail(code, concat(source, ":", first_line, ": malformed JSON: there is nothing"));
  cursor at;
  at.line = first_line;
  node_builder builder(false);
  json_events events(builder, at);
  if (json::sax_parse(counting_iterator(text.data(), &at), counting_iterator(text.data() + text.size(), &at), &events))
    return builder.take();
  if (events.syntax().empty()) return fail(code, concat(source, ":", builder.line(), ": ", builder.problem()));
  return fail(code, concat(source, ":", with_position(events.syntax(), at.line - first_line + 1, first_line)));
}

}  // namespace corchestra::plan_file
