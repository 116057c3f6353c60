#include "session/endpoint.hpp"

#include <corchestra/base/text.hpp>
#include <corchestra/llm/hedging.hpp>
#include <corchestra/net/http_client.hpp>
#include <corchestra/store/cassette.hpp>
#include <corchestra/store/response_cache.hpp>

#include "session/endpoint_proxy.hpp"
#include "session/redaction.hpp"

namespace corchestra {

namespace {

std::shared_ptr<llm::chat_model> hedged(const llm::openai_endpoint& at, const settings& s, const logger& log) {
  if (!s.hedge.after && !s.hedge.percentile) return at.chat;
  llm::hedging_options o;
  o.after = s.hedge.after;
  if (s.hedge.percentile) o.percentile = *s.hedge.percentile / 100.0;
  o.budget = s.hedge.budget_percent / 100.0;
  o.limits = [api = at.api](const std::string& model, time_point now) { return api->limits(model, now); };
  o.logger = log;
  return llm::hedge(at.chat, std::move(o));
}

// An error names what set the key first.
template <class T>
result<T> set_by(std::string_view key, const settings& s, result<T> opened) {
  if (opened.has_error()) return in_place(opened.error(), origin_of(s, key));
  return opened;
}

// The client calls its options by names of its own: `key_header: ...` becomes `--key-header: ...`.
error with_origin(error e, const settings& s) {
  for (const std::string_view option : {"base_url", "key_header", "organization", "project"}) {
    if (!e.message.starts_with(concat(option, ": "))) continue;
    e.message.replace(0, option.size(), origin_of(s, concat("endpoint.", option)));
    break;
  }
  return e;
}

}  // namespace

result<llm::openai_endpoint> connect_endpoint(const any_io_executor& executor, const settings& s,
                                              llm::limiter_options limits, logger log) {
  net::http_client_options http;
  http.ca_file = s.ca_file;
  auto proxy = endpoint_proxy(s);
  if (proxy.has_error()) return proxy.error();
  http.proxy = std::move(*proxy);
  http.logger = log;
  auto client = s.replay.empty() ? net::make_http_client(executor, std::move(http))
                                 : set_by("replay", s, store::replay_from(s.replay));
  if (client.has_error()) return client.error();
  if (!s.record.empty()) {
    client = set_by("record", s, store::record_to(s.record, std::move(*client), make_redactor(s)));
    if (client.has_error()) return client.error();
  }

  llm::openai_options o;
  o.base_url = s.base_url;
  o.api_key = s.api_key;
  o.key_header = s.key_header;
  o.model = s.model;
  o.organization = s.organization;
  o.project = s.project;
  o.retry.max_retries = s.http_retries;
  o.timeout = s.http_timeout;
  o.first_token_timeout = s.first_token_timeout;
  limits.requests_per_minute = s.requests_per_minute;
  limits.tokens_per_minute = s.tokens_per_minute;
  o.limits = limits;
  o.logger = log;
  auto at = llm::make_openai_endpoint(std::move(*client), std::move(o));
  if (at.has_error()) return with_origin(at.error(), s);
  at->chat = hedged(*at, s, log);
  if (s.response_cache.empty()) return at;
  const auto cache = set_by("response_cache", s, store::response_cache::open(s.response_cache));
  if (cache.has_error()) return cache.error();
  return llm::openai_endpoint{cache->in_front_of(std::move(at->chat), s.base_url, log),
                              cache->in_front_of(std::move(at->api), s.base_url, log)};
}

result<std::shared_ptr<endpoint_watch>> open_endpoint(const any_io_executor& executor, const settings& s, logger log) {
  if (s.base_url.empty()) return std::shared_ptr<endpoint_watch>();
  // Tasks are limited by the run's slots already: all may go out until the endpoint refuses one.
  llm::limiter_options limits;
  limits.first_in_flight = limits.max_in_flight = 100'000;
  auto at = connect_endpoint(executor, s, limits, std::move(log));
  if (at.has_error()) return at.error();
  return std::make_shared<endpoint_watch>(std::move(at->chat));
}

std::string how_to_configure_an_endpoint() {
  return "set OPENAI_BASE_URL or --base-url (and OPENAI_API_KEY where it needs one), or use --simulate";
}

}  // namespace corchestra
