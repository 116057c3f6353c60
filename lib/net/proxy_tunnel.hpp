#pragma once

#include <string>

#include <corchestra/net/http_client.hpp>

#include "net/connection.hpp"
#include "net/deadline.hpp"

namespace corchestra::net {

/// The value of Proxy-Authorization; empty when the proxy has no credentials.
std::string proxy_authorization(const proxy_server& proxy);

/// Asks the proxy at the other end of `c` for a way to `target` (CONNECT): what follows goes there. Errors, which name
/// the proxy: `connect_failed` when it refuses, `connection_lost`, `protocol_error`, `timeout`.
awaitable<result<void>> open_tunnel(connection& c, url target, const proxy_server& proxy, std::size_t max_header_bytes,
                                    deadline& limits);

/// What a refusal of the proxy itself means. `status` is no success.
error refused_by_proxy(const proxy_server& proxy, int status);

}  // namespace corchestra::net
