#include "llm/reply_skim.hpp"

#include <algorithm>
#include <array>

#include <corchestra/base/text.hpp>

#include "llm/reply_builder.hpp"
#include "llm/reply_error.hpp"
#include "llm/reply_parser.hpp"
#include "llm/usual_reply.hpp"

namespace corchestra::llm {

namespace {

constexpr std::array<std::string_view, 9> wanted = {"error", "usage",   "model", "service_tier", "type",
                                                    "code",  "message", "param", "detail"};
constexpr int max_depth = 128;

}  // namespace

result<void> skim_reply(std::string_view body, std::string_view content_type, billed_call& billed) {
  if (auto usual = read_usual_reply(body)) {
    reply_builder reader;
    reader.take(std::move(*usual));
    billed = reader.billed();
    return {};
  }
  const std::string_view text = trim(body);
  if (text.empty() || text.front() != '{') return not_a_completion(body, content_type, "application/json");
  bool too_deep = false;
  const json top = json::parse(
      text,
      [&too_deep](int depth, json::parse_event_t event, json& value) {
        too_deep = too_deep || depth > max_depth;
        if (too_deep) return false;
        if (event != json::parse_event_t::key || depth != 1) return true;
        return std::find(wanted.begin(), wanted.end(), value.get_ref<const std::string&>()) != wanted.end();
      },
      false);
  if (too_deep)
    return fail(errc::invalid_reply, concat("the reply is nested deeper than ", max_depth), retry_class::terminal);
  if (top.is_discarded()) {
    // Says where the mistake is.
    const auto parsed = parse_json(text);
    return fail(errc::invalid_reply, concat("the reply is not JSON: ", parsed ? "" : parsed.error().message));
  }
  reply_builder reader;
  reader.identify(top);
  billed = reader.billed();
  if (auto e = error_in_reply(top)) return *e;
  return {};
}

}  // namespace corchestra::llm
