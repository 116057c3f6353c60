#pragma once

#include <string>
#include <string_view>

#include <corchestra/base/secret.hpp>
#include <corchestra/net/url.hpp>

namespace corchestra::net {

/// An HTTP proxy, spoken to in clear: https targets are reached through a CONNECT tunnel, in which TLS goes to the
/// target itself.
struct proxy_server {
  url at;              ///< scheme, host and port
  secret credentials;  ///< `user:password`, sent as Basic authorization; empty: none
};

/// From `[http://][USER[:PASSWORD]@]HOST[:PORT]`, user and password percent-encoded; the port is 80 when none is given.
/// Errors (`invalid_argument`) say what was expected and never hold the user or password.
result<proxy_server> parse_proxy(std::string_view text);

}  // namespace corchestra::net
