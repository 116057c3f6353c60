#include "session/endpoint_proxy.hpp"

#include <algorithm>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

net::proxy_settings::variables variables_of(const settings& s) {
  return [&s](const std::string& name) -> std::optional<std::string> {
    const auto found = s.proxy_variables.find(name);
    return found == s.proxy_variables.end() ? std::nullopt : std::optional(found->second.reveal());
  };
}

std::string origin_of(const settings& s) {
  const auto row =
      std::find_if(s.table.begin(), s.table.end(), [](const setting& r) { return r.key == "endpoint.proxy"; });
  return row == s.table.end() || row->origin.empty() ? "endpoint.proxy" : row->origin;
}

error misconfigured(error e) {
  e.code = make_error_code(errc::invalid_config);
  return e;
}

result<net::proxy_settings> from_setting(const settings& s) {
  auto proxy = net::parse_proxy(s.proxy.reveal());
  if (!proxy) return in_place(proxy.error(), origin_of(s));
  const auto lookup = variables_of(s);
  auto out = net::proxy_settings::from_environment(
      [&](const std::string& name) { return to_lower(name) == "no_proxy" ? lookup(name) : std::nullopt; });
  if (!out) return out;
  out->http = *proxy;
  out->https = std::move(*proxy);
  out->loopback = true;
  return out;
}

}  // namespace

result<net::proxy_settings> endpoint_proxy(const settings& s) {
  if (s.proxy.reveal() == "none") return net::proxy_settings();
  if (!s.proxy.empty()) {
    auto set = from_setting(s);
    if (!set) return misconfigured(set.error());
    return set;
  }
  // A variable for other programs, of a form that is not understood here, is no matter for a local endpoint.
  const auto base = net::parse_url(s.base_url);
  if (base && base->loopback()) return net::proxy_settings();
  auto found = net::proxy_settings::from_environment(variables_of(s));
  if (!found) return misconfigured(found.error());
  return found;
}

std::vector<secret> proxy_secrets(const settings& s) {
  std::vector<secret> out;
  const auto add = [&](const secret& text) {
    const auto proxy = net::parse_proxy(text.reveal());
    if (!proxy || proxy->credentials.empty()) return;
    out.push_back(proxy->credentials);
    out.emplace_back(text.reveal().substr(0, text.reveal().rfind('@')));
  };
  add(s.proxy);
  for (const auto& [name, value] : s.proxy_variables) add(value);
  return out;
}

}  // namespace corchestra
