#include <algorithm>
#include <utility>

#include <corchestra/base/text.hpp>
#include <corchestra/net/sse.hpp>

namespace corchestra::net {

result<void> sse_parser::feed(std::string_view bytes, const std::function<result<void>(const sse_event&)>& on_event) {
  while (!bytes.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const auto end = bytes.find_first_of("\r\n");
    const std::string_view piece = bytes.substr(0, end);
    if (piece.size() + line_.size() + event_.data.size() > max_event_bytes_) {
      return fail(errc::too_large, concat("a server-sent event is larger than ", max_event_bytes_, " bytes"));
    }
    if (end == bytes.npos) {
      line_ += piece;
      return {};
    }
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    std::string_view whole = piece;
    if (!line_.empty()) {
      line_ += piece;
      whole = line_;
    }
    const auto done = line(whole, on_event);
    line_.clear();
    if (!done) return done;
  }
  return {};
}

result<void> sse_parser::line(std::string_view text, const std::function<result<void>(const sse_event&)>& on_event) {
  if (std::exchange(first_, false) && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.empty()) {
    result<void> accepted;
    if (has_data_) accepted = on_event(event_);
    event_.event.clear();
    event_.data.clear();
    has_data_ = false;
    return accepted;
  }
  const auto colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    event_.event = value;
  } else if (field == "id" && value.find('\0') == value.npos) {
    event_.id = value;
  }
  return {};
}

bool sse_parser::unfinished() const noexcept { return !line_.empty() || has_data_ || !event_.event.empty(); }

std::string format_sse(const sse_event& e) {
  const auto field = [](std::string_view name, std::string value) {
    std::replace_if(value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return concat(name, ": ", value, '\n');
  };
  std::string out;
  if (!e.event.empty()) out += field("event", e.event);
  if (!e.id.empty()) out += field("id", e.id);
  std::string_view rest = e.data;
  for (;;) {
    const auto end = rest.find_first_of("\r\n");
    out += concat("data: ", rest.substr(0, end), '\n');
    if (end == rest.npos) break;
    rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  out += '\n';
  return out;
}

}  // namespace corchestra::net
