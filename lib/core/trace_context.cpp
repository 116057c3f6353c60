#include <corchestra/core/trace_context.hpp>

#include <algorithm>
#include <charconv>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

std::string hex(std::uint64_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i > 0; --i, value >>= 4) text[i - 1] = "0123456789abcdef"[value & 15];
  return text;
}

// Lower case only, as the standard has it.
bool read_hex(std::string_view text, std::uint64_t& value) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (!std::all_of(text.begin(), text.end(), is_digit)) return false;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return problem == std::errc() && end == text.data() + text.size();
}

bool can_be_sent(std::string_view state) {
  constexpr std::size_t most = 512;
  return state.size() <= most && std::all_of(state.begin(), state.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::string to_hex(const trace_id& id) { return hex(id.high, 16) + hex(id.low, 16); }
std::string to_hex(span_id id) { return hex(id, 16); }

std::string trace_context::traceparent() const {
  if (none() || span == 0) return {};
  return concat("00-", to_hex(trace), "-", to_hex(span), "-", hex(flags, 2));
}

result<trace_context> parse_traceparent(std::string_view traceparent, std::string_view tracestate) {
  constexpr std::size_t size = 55;
  const auto refuse = [&](std::string_view why) {
    return fail(errc::invalid_argument, concat("traceparent ", quote(traceparent), ": ", why));
  };
  const std::string_view text = traceparent;
  if (text.size() < size || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return refuse("expected 00-TRACE-SPAN-FLAGS with 32, 16 and 2 hexadecimal digits");
  std::uint64_t version = 0, flags = 0;
  trace_context c;
  if (!read_hex(text.substr(0, 2), version) || !read_hex(text.substr(3, 16), c.trace.high) ||
      !read_hex(text.substr(19, 16), c.trace.low) || !read_hex(text.substr(36, 16), c.span) ||
      !read_hex(text.substr(53, 2), flags))
    return refuse("expected lower case hexadecimal digits");
  if (version == 0xff || (text.size() > size && (version == 0 || text[size] != '-')))
    return refuse("not a version of the standard");
  if (c.none() || c.span == 0) return refuse("all zero is no id");
  c.flags = static_cast<std::uint8_t>(flags);
  if (can_be_sent(tracestate)) c.state = trim(tracestate);
  return c;
}

}  // namespace corchestra
