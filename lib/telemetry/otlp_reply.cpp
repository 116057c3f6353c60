#include "telemetry/otlp_reply.hpp"

#include <charconv>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

namespace corchestra::telemetry {

namespace {

template <class N>
std::optional<N> whole(std::string_view text) {
  N n{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

// OTLP's JSON has an int64 as a string; some collectors send a number.
std::uint64_t rejected_of(const json& partial) {
  for (const char* key : {"rejectedSpans", "rejectedDataPoints"}) {
    const auto it = partial.find(key);
    if (it == partial.end()) continue;
    if (it->is_number_unsigned()) return it->get<std::uint64_t>();
    if (it->is_string()) return whole<std::uint64_t>(it->get_ref<const std::string&>()).value_or(0);
  }
  return 0;
}

}  // namespace

otlp_reply read_reply(const result<net::http_response>& reply) {
  using verdict = otlp_reply::verdict;
  if (reply.has_error()) return {verdict::later, 0, reply.error().message, {}};
  if (reply->status >= 200 && reply->status <= 299) {
    otlp_reply r{verdict::taken, 0, {}, {}};
    constexpr json_limits limits{1u << 20, 16};
    const auto body = parse_json(reply->body, limits);
    if (!body || !body->is_object() || !body->contains("partialSuccess")) return r;
    const json& partial = (*body)["partialSuccess"];
    if (!partial.is_object()) return r;
    r.rejected = rejected_of(partial);
    const auto words = partial.find("errorMessage");
    if (r.rejected > 0)
      r.problem = concat("the collector refused ", r.rejected, " of them",
                         words != partial.end() && words->is_string()
                             ? concat(": ", one_line(words->get_ref<const std::string&>(), 300))
                             : std::string());
    return r;
  }
  const bool later = reply->status == 429 || reply->status >= 500;
  otlp_reply r{later ? verdict::later : verdict::refused, 0, concat("HTTP ", reply->status), {}};
  constexpr std::int64_t most_seconds = 86'400;
  if (const auto seconds = whole<std::int64_t>(reply->headers.get("retry-after"));
      seconds && *seconds >= 0 && *seconds <= most_seconds)
    r.retry_after = duration(std::chrono::seconds(*seconds));
  return r;
}

}  // namespace corchestra::telemetry
