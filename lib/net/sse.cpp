#include <algorithm>
#include <cstring>
#include <utility>

#include <corchestra/base/text.hpp>
#include <corchestra/net/sse.hpp>

namespace corchestra::net {

namespace {

const char* find_byte(const char* begin, const char* end, char c) {
  const void* at = begin == end ? nullptr : std::memchr(begin, c, static_cast<std::size_t>(end - begin));
  return at ? static_cast<const char*>(at) : end;
}

}  // namespace

result<void> sse_parser::feed(std::string_view bytes, const std::function<result<void>(const sse_event&)>& on_event) {
  if (bytes.empty()) return {};
  const char *at = bytes.data(), *const end = at + bytes.size();
  if (std::exchange(after_cr_, false) && *at == '\n') ++at;
  for (const char* cr = find_byte(at, end, '\r'); at != end;) {
    const char* const stop = find_byte(at, cr, '\n');
    const std::string_view piece(at, static_cast<std::size_t>(stop - at));
    if (piece.size() + line_.size() + event_.data.size() > max_event_bytes_) {
      return fail(errc::too_large, concat("a server-sent event is larger than ", max_event_bytes_, " bytes"));
    }
    if (stop == end) {
      line_ += piece;
      return {};
    }
    at = stop + 1;
    if (stop == cr) {
      after_cr_ = at == end;
      if (at != end && *at == '\n') ++at;
      cr = find_byte(at, end, '\r');
    }
    if (line_.empty() && !piece.empty()) {
      line(piece);
      continue;
    }
    line_ += piece;
    const bool blank = !line(line_);
    line_.clear();
    if (!blank) continue;
    result<void> accepted;
    if (has_data_) accepted = on_event(event_);
    event_.event.clear();
    event_.data.clear();
    has_data_ = false;
    if (!accepted) return accepted;
  }
  return {};
}

// False for an empty line, which ends an event.
bool sse_parser::line(std::string_view text) {
  if (std::exchange(first_, false) && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.empty()) return false;
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
  return true;
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
