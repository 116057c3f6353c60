#include "llm/endpoint.hpp"

#include <random>

#include <corchestra/base/text.hpp>
#include <corchestra/llm/error_body.hpp>

#include "net/message_text.hpp"

namespace corchestra::llm {

namespace {

result<void> check_header_value(std::string_view name, std::string_view value, char least) {
  for (std::size_t i = 0; i < value.size(); ++i)
    if (value[i] < least || value[i] > '~')
      return fail(errc::invalid_argument,
                  concat(name, ": the character at position ", i + 1, " cannot be sent in a header",
                         i + 1 == value.size() ? " (a line break at its end?)" : ""));
  return {};
}

bool is_azure(std::string_view host) {
  return host.ends_with(".openai.azure.com") || host.ends_with(".cognitiveservices.azure.com");
}

}  // namespace

result<std::shared_ptr<endpoint>> endpoint::make(std::shared_ptr<net::http_client> http, openai_options options) {
  auto base = net::parse_url(options.base_url);
  if (!base) return in_place(base.error(), "base_url");
  while (base->path.size() > 1 && base->path.ends_with('/')) base->path.pop_back();
  if (base->path.ends_with("/chat/completions"))
    return fail(errc::invalid_argument, "base_url: must end before /chat/completions");
  if (auto ok = check_header_value("API key", options.api_key.reveal(), '!'); !ok) return ok.error();
  if (!options.key_header.empty() && !net::is_token(options.key_header))
    return fail(errc::invalid_argument, concat("key_header: ", quote(options.key_header), " is no name of a header"));
  if (auto ok = check_header_value("organization", options.organization, ' '); !ok) return ok.error();
  if (auto ok = check_header_value("project", options.project, ' '); !ok) return ok.error();
  if (!options.api_key.empty() && !base->tls() && !base->loopback())
    options.logger.warn("llm", concat("the API key travels unencrypted to ", base->origin()));
  return std::make_shared<endpoint>(std::move(http), std::move(options), std::move(*base));
}

endpoint::endpoint(std::shared_ptr<net::http_client> http, openai_options options, net::url base)
    : http_(std::move(http)), options_(std::move(options)), base_(std::move(base)), limits_(options_.limits) {
  redact_.add(options_.api_key);
  if (options_.max_tokens_field.empty())
    options_.max_tokens_field = base_.host == "api.openai.com" ? "max_completion_tokens" : "max_tokens";
  if (options_.key_header.empty() && is_azure(base_.host)) options_.key_header = "api-key";
  if (options_.seed == 0) options_.seed = std::random_device{}();
}

net::http_request endpoint::request(std::string_view path, std::string body, std::string_view accept) const {
  net::http_request r;
  r.method = "POST";
  r.target = base_.below(path);
  r.headers.add("Content-Type", "application/json");
  r.headers.add("Accept", std::string(accept));
  if (!options_.api_key.empty() && options_.key_header.empty())
    r.headers.add("Authorization", concat("Bearer ", options_.api_key.reveal()));
  else if (!options_.api_key.empty())
    r.headers.add(options_.key_header, std::string(options_.api_key.reveal()));
  if (!options_.organization.empty()) r.headers.add("OpenAI-Organization", options_.organization);
  if (!options_.project.empty()) r.headers.add("OpenAI-Project", options_.project);
  r.body = std::move(body);
  return r;
}

error endpoint::clean(error e) const {
  e.message = clean(std::move(e.message));
  return e;
}

billed_call endpoint::clean(billed_call b) const {
  b.model = clean(std::move(b.model));
  b.service_tier = clean(std::move(b.service_tier));
  return b;
}

error endpoint::refusal(const net::http_response& reply, wall_time now) const {
  // Clean before the message is made, which may cut what it quotes: a part of the key would remain.
  net::http_headers headers;
  for (const auto& [name, value] : reply.headers) headers.add(name, clean(value));
  return in_reply(error_from_reply(reply.status, headers, clean(reply.body), now));
}

}  // namespace corchestra::llm
