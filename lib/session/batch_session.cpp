#include <corchestra/session/batch_session.hpp>

#include <algorithm>

#include <corchestra/base/text.hpp>
#include <corchestra/net/url.hpp>

#include "base/text_file.hpp"
#include "plan/money.hpp"
#include "session/endpoint.hpp"
#include "session/prices.hpp"

namespace corchestra {

namespace {

constexpr int standard_retries = 5;

bool is_standard(const settings& s, std::string_view key) {
  const setting* row = find_setting(s, key);
  return row == nullptr || row->source == setting_source::standard;
}

}  // namespace

result<batch::batch_options> with_settings(batch::batch_options o, const settings& s) {
  auto prices = prices_of(s);
  if (prices.has_error()) return prices.error();
  o.prices = std::move(*prices);
  o.allow_unpriced = s.allow_unpriced.value_or(o.allow_unpriced);
  o.endpoint = s.base_url;
  o.requests.model = s.model;
  o.requests.model_forced = s.model_forced;
  if (const auto base = net::parse_url(s.base_url); base && base->host == "api.openai.com")
    o.requests.max_tokens_field = "max_completion_tokens";
  return o;
}

result<std::shared_ptr<llm::api_client>> open_api(const any_io_executor& executor, const settings& s,
                                                  std::uint32_t concurrency, logger log) {
  if (s.base_url.empty())
    return fail(errc::no_endpoint, concat("no endpoint is configured: ", how_to_configure_an_endpoint()));
  settings patient = s;
  if (is_standard(s, "http_retries")) patient.http_retries = standard_retries;
  llm::limiter_options limits;
  limits.max_in_flight = concurrency;
  limits.give_up_after = std::chrono::hours(1);  // nobody waits at it
  limits.first_in_flight = std::min(limits.first_in_flight, concurrency);
  auto at = connect_endpoint(executor, patient, limits, std::move(log));
  if (at.has_error()) return at.error();
  return std::move(at->api);
}

result<llm::money> parse_dollars(std::string_view text) {
  constexpr llm::token_price micro_dollar = 1'000'000'000;
  const auto micro = plan_file::to_micro_dollars(text);
  if (!micro || *micro == 0)
    return fail(errc::invalid_argument, concat("expected dollars above zero such as 2.50, got ", quote(text)));
  return llm::money::of(*micro, micro_dollar);
}

result<std::string> text_or_file(const std::string& value) {
  constexpr std::size_t most = 16u << 20;
  if (!value.starts_with('@')) return value;
  auto text = detail::read_text_file(value.substr(1), most);
  if (text.has_error()) return text;
  return std::string(trim(*text));
}

exit_code exit_code_of(const batch::batch_result& r) noexcept {
  if (r.end == batch::batch_end::drained || r.end == batch::batch_end::cancelled) return exit_code::interrupted;
  if (r.end == batch::batch_end::endpoint && !r.reached) return exit_code::unreachable;
  const bool all = r.end == batch::batch_end::finished && r.progress.failed == 0;
  return all ? exit_code::success : exit_code::failure;
}

}  // namespace corchestra
