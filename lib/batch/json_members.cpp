#include "batch/json_members.hpp"

#include <array>

#include <corchestra/base/json.hpp>

#include "base/plain_text.hpp"

namespace corchestra::batch {

namespace {

constexpr std::string_view blanks = " \t\r\n";

void skip_blanks(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  text.remove_prefix(begin == std::string_view::npos ? text.size() : begin);
}

std::size_t string_end(std::string_view text, std::size_t from) {
  const char *at = text.data() + from + 1, *const end = text.data() + text.size();
  while (at < end) {
    at = corchestra::detail::end_of_plain(at, end);
    if (at == end) break;
    if (*at == '"') return static_cast<std::size_t>(at - text.data()) + 1;
    at += *at == '\\' && at + 1 != end ? 2 : 1;
  }
  return text.size();
}

constexpr std::array<bool, 256> structural = [] {
  std::array<bool, 256> table{};
  for (const unsigned char c : {'"', '[', ']', '{', '}'}) table[c] = true;
  return table;
}();

// Where the value ends that the text begins with.
std::size_t value_end(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() == '"') return string_end(text, 0);
  if (text.front() != '{' && text.front() != '[') return std::min(text.find_first_of(",]} \t\r\n"), text.size());
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (!structural[static_cast<unsigned char>(c)]) {
      ++i;
      continue;
    }
    if (c == '"') {
      i = string_end(text, i);
      continue;
    }
    ++i;
    if (c == '[' || c == '{') {
      ++depth;
    } else if (--depth == 0) {
      return i;
    }
  }
  return text.size();
}

std::string_view take(std::string_view& text, std::size_t n) {
  const std::string_view taken = text.substr(0, n);
  text.remove_prefix(taken.size());
  return taken;
}

}  // namespace

json_members::json_members(std::string_view object) : rest_(object) {
  skip_blanks(rest_);
  if (rest_.empty() || rest_.front() != '{') rest_ = {};
}

std::optional<json_members::member> json_members::next() {
  if (rest_.empty() || rest_.front() == '}') return std::nullopt;
  rest_.remove_prefix(1);  // the brace or a comma
  skip_blanks(rest_);
  if (rest_.empty() || rest_.front() != '"') return std::nullopt;
  std::string_view key = take(rest_, string_end(rest_, 0));
  key = key.substr(1, key.size() - 2);
  skip_blanks(rest_);
  if (!rest_.empty()) rest_.remove_prefix(1);  // the colon
  skip_blanks(rest_);
  const std::string_view value = take(rest_, value_end(rest_));
  skip_blanks(rest_);
  return member{key, value};
}

std::string_view raw_member(std::string_view object, std::string_view key) {
  std::string_view found;
  json_members members(object);
  while (const auto m = members.next()) {
    if (m->key == key) found = m->value;
  }
  return found;
}

bool read_string(std::string_view raw, std::string& to) {
  if (raw.size() < 2 || raw.front() != '"') return false;
  if (raw.find('\\') == std::string_view::npos) {
    to = raw.substr(1, raw.size() - 2);
    return true;
  }
  const json parsed = json::parse(raw, nullptr, false);
  if (!parsed.is_string()) return false;
  to = parsed.get_ref<const std::string&>();
  return true;
}

std::optional<std::string> string_of(std::string_view raw) {
  std::string text;
  return read_string(raw, text) ? std::optional(std::move(text)) : std::nullopt;
}

std::string_view first_element(std::string_view array) {
  if (array.empty() || array.front() != '[') return {};
  array.remove_prefix(1);
  skip_blanks(array);
  if (array.empty() || array.front() == ']') return {};
  return array.substr(0, value_end(array));
}

std::size_t size_of_array(std::string_view array) {
  std::size_t size = 0;
  for (std::string_view element = first_element(array); !element.empty(); element = array.substr(0, value_end(array))) {
    ++size;
    array.remove_prefix(static_cast<std::size_t>(element.data() - array.data()) + element.size());
    skip_blanks(array);
    if (array.empty() || array.front() != ',') break;
    array.remove_prefix(1);
    skip_blanks(array);
  }
  return size;
}

}  // namespace corchestra::batch
