#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra::net {

struct sse_event {
  std::string event;  ///< empty means `message`
  std::string data;   ///< several `data:` lines joined by a line break
  std::string id;     ///< the last one seen: it stays for later events
};

/// Server-sent events from any split of the bytes; pure. Lines end in CR, LF or CRLF; comments are ignored; a last event
/// without its blank line is dropped, as the HTML standard says.
class sse_parser {
 public:
  explicit sse_parser(std::size_t max_event_bytes = 8u << 20) : max_event_bytes_(max_event_bytes) {}

  /// Calls `on_event` for every event completed by `bytes`. Errors: `too_large`, or what `on_event` returned.
  result<void> feed(std::string_view bytes, const std::function<result<void>(const sse_event&)>& on_event);
  /// True when the stream ended inside an event.
  bool unfinished() const noexcept;

 private:
  bool line(std::string_view text);

  std::size_t max_event_bytes_;
  std::string line_;
  sse_event event_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool first_ = true;  // a leading byte order mark is dropped
};

/// One event in wire form.
std::string format_sse(const sse_event& e);

}  // namespace corchestra::net
