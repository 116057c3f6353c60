#include <openssl/evp.h>

#include <corchestra/base/text.hpp>

#include "net/cancellation.hpp"
#include "net/message_text.hpp"
#include "net/proxy_tunnel.hpp"
#include "net/reply_reader.hpp"

namespace corchestra::net {

namespace {

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // a closing zero is written too
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string named(const proxy_server& proxy) { return concat("the proxy ", proxy.at.origin()); }

// A tunnel always names the port, unlike the Host field of a request.
std::string authority(const url& target) {
  const std::string origin = target.origin();
  return origin.substr(origin.find("://") + 3);
}

}  // namespace

std::string proxy_authorization(const proxy_server& proxy) {
  if (proxy.credentials.empty()) return {};
  return concat("Basic ", base64(proxy.credentials.reveal()));
}

error refused_by_proxy(const proxy_server& proxy, int status) {
  std::string why;
  if (status == 407 && proxy.credentials.empty()) {
    why = ": it wants a user and password (http://USER:PASSWORD@HOST:PORT)";
  } else if (status == 407) {
    why = ": it does not accept the user and password";
  } else if (status >= 500) {
    why = ": it could not reach the target";
  }
  return fail(errc::connect_failed, concat(named(proxy), " refused: HTTP ", status, why),
              status >= 500 || status == 408 || status == 429 ? retry_class::transient : retry_class::terminal);
}

awaitable<result<void>> open_tunnel(connection& c, url target, const proxy_server& proxy, std::size_t max_header_bytes,
                                    deadline& limits) {
  const std::string to = authority(target);
  std::string head = concat("CONNECT ", to, " HTTP/1.1\r\n");
  append_field(head, "Host", to);
  if (const std::string credentials = proxy_authorization(proxy); !credentials.empty())
    append_field(head, "Proxy-Authorization", credentials);
  head += "\r\n";
  const deadline::guard guard(limits, c.stream);
  const error_code unsent = co_await c.stream.write(head, {});
  co_await throw_if_cancelled();
  if (limits.expired()) co_return fail(errc::timeout, concat(limits.describe(), ", of ", named(proxy)));
  if (unsent) co_return fail(errc::connection_lost, concat(named(proxy), ": ", unsent.message()));
  // As to HEAD no body follows: the next byte is the target's.
  const reply_options options{true, nullptr, max_header_bytes, 0};
  const reply_outcome outcome = co_await read_reply(c, options, limits);
  if (!outcome.response) co_return in_place(outcome.response.error(), named(proxy));
  const int status = outcome.response->status;
  if (status / 100 != 2) co_return refused_by_proxy(proxy, status);
  if (c.buffer.size() > 0)
    co_return fail(errc::protocol_error, concat(named(proxy), " sent bytes of its own into the tunnel"));
  co_return result<void>();
}

}  // namespace corchestra::net
