#pragma once

#include <functional>
#include <optional>
#include <string>

#include <corchestra/net/proxy_bypass.hpp>
#include <corchestra/net/proxy_server.hpp>

namespace corchestra::net {

/// Which proxy a request goes through, if any.
struct proxy_settings {
  std::optional<proxy_server> http, https;  ///< by the target's scheme
  proxy_bypass bypass;
  bool loopback = false;  ///< whether targets on this machine go through it too: a proxy elsewhere cannot reach them

  /// Null: no proxy.
  const proxy_server* of(const url& target) const;

  /// Gives the value of an environment variable.
  using variables = std::function<std::optional<std::string>(const std::string& name)>;
  /// `https_proxy`, `http_proxy`, `all_proxy` for both, and `no_proxy`, in small letters or else in capitals; but
  /// `HTTP_PROXY` is not read, because a CGI server sets it from a request's field. An empty variable counts as not
  /// set. Reads nothing but `lookup`. Error: `invalid_argument`, naming the variable.
  static result<proxy_settings> from_environment(const variables& lookup);
};

}  // namespace corchestra::net
