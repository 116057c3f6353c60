#include <corchestra/net/proxy_settings.hpp>

namespace corchestra::net {

namespace {

struct variable {
  std::string name, value;
};

// The first of the names that is set.
std::optional<variable> first_of(const proxy_settings::variables& lookup, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto value = lookup(name); value && !value->empty()) return variable{name, std::move(*value)};
  return std::nullopt;
}

result<std::optional<proxy_server>> read_proxy(const std::optional<variable>& from) {
  if (!from) return std::optional<proxy_server>();
  auto proxy = parse_proxy(from->value);
  if (!proxy) return in_place(proxy.error(), from->name);
  return std::optional<proxy_server>(std::move(*proxy));
}

}  // namespace

const proxy_server* proxy_settings::of(const url& target) const {
  const auto& proxy = target.tls() ? https : http;
  if (!proxy || (!loopback && target.loopback()) || bypass.matches(target)) return nullptr;
  return &*proxy;
}

result<proxy_settings> proxy_settings::from_environment(const variables& lookup) {
  proxy_settings out;
  if (const auto list = first_of(lookup, {"no_proxy", "NO_PROXY"})) out.bypass = proxy_bypass(list->value);
  if (out.bypass.everything()) return out;
  const auto all = first_of(lookup, {"all_proxy", "ALL_PROXY"});
  const auto for_http = first_of(lookup, {"http_proxy"}), for_https = first_of(lookup, {"https_proxy", "HTTPS_PROXY"});
  auto http = read_proxy(for_http ? for_http : all);
  if (!http) return http.error();
  auto https = read_proxy(for_https ? for_https : all);
  if (!https) return https.error();
  out.http = std::move(*http);
  out.https = std::move(*https);
  return out;
}

}  // namespace corchestra::net
