#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>

#include <corchestra/base/text.hpp>

#include "net/cancellation.hpp"
#include "net/reply_body.hpp"
#include "net/reply_reader.hpp"

namespace corchestra::net {

namespace {

namespace http = boost::beast::http;
using parser = http::response_parser<reply_body>;

void prepare(std::optional<parser>& p, const reply_options& options) {
  p.emplace();
  p->eager(true);
  p->skip(options.head_request);
  p->header_limit(static_cast<std::uint32_t>(options.max_header_bytes));
  p->body_limit(options.max_body_bytes);
  p->get().body().sink = options.sink;
}

error refused(const parser& p, const error_code& ec, const reply_options& options) {
  if (p.get().body().refused) return *p.get().body().refused;
  if (ec == http::error::header_limit) {
    return fail(errc::too_large, concat("the reply's header is larger than ", options.max_header_bytes, " bytes"));
  }
  if (ec == http::error::body_limit) {
    return fail(errc::too_large, concat("the reply's body is larger than ", options.max_body_bytes, " bytes"));
  }
  return fail(errc::protocol_error, concat("the reply is not valid HTTP: ", ec.message()));
}

error lost(const parser& p, const boost::beast::flat_buffer& unread, std::size_t received, const error_code& ec) {
  const bool closed = ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
  const std::string how =
      closed ? std::string("the server closed the connection") : concat("the connection was lost (", ec.message(), ")");
  if (received == 0) return fail(errc::connection_lost, concat(how, " before any byte of the reply"));
  if (!p.is_header_done()) {
    const std::string_view begun(static_cast<const char*>(unread.data().data()), unread.size());
    static constexpr std::string_view version = "HTTP/1.";
    if (unread.size() == received && begun.substr(0, version.size()) != version.substr(0, begun.size())) {
      return fail(errc::protocol_error, "the reply is not valid HTTP: bad version");
    }
    return fail(errc::connection_lost, concat(how, " inside the reply's header"));
  }
  const auto length = p.content_length();
  const std::string of = length ? concat(" of ", static_cast<std::uint64_t>(*length)) : "";
  return fail(errc::connection_lost,
              concat(how, " inside the reply's body, after ", p.get().body().bytes, of, " bytes"));
}

duration promised_keep_alive(std::string_view field) {
  const auto at = to_lower(field).find("timeout=");
  if (at == std::string::npos) return duration::max();
  unsigned seconds = 0;
  const auto read = std::from_chars(field.data() + at + 8, field.data() + field.size(), seconds);
  if (read.ec != std::errc()) return duration::max();
  return std::chrono::seconds(seconds == 0 ? 0 : seconds - 1);  // to be gone before the peer closes it
}

void finish(reply_outcome& out, parser& p) {
  http_response r;
  r.status = static_cast<int>(p.get().result_int());
  for (const auto& f : p.get()) r.headers.add(std::string(f.name_string()), std::string(f.value()));
  r.body = std::move(p.get().body().text);
  out.keep_alive = promised_keep_alive(r.headers.get("Keep-Alive"));
  out.response = std::move(r);
}

enum class parsed { more, complete };

// Everything that is in the buffer.
result<parsed> parse(std::optional<parser>& p, boost::beast::flat_buffer& buffer, const reply_options& options) {
  while (buffer.size() > 0) {
    error_code ec;
    const std::size_t used = p->put(buffer.data(), ec);
    buffer.consume(used);
    if (ec && ec != http::error::need_more) return refused(*p, ec, options);
    if (p->is_done()) {
      const auto status = p->get().result_int();
      if (status / 100 != 1) return parsed::complete;
      if (status == 101) return fail(errc::protocol_error, "the reply switches to another protocol");
      prepare(p, options);
    } else if (ec || used == 0) {
      if (buffer.size() <= options.max_header_bytes + read_chunk) break;
      return fail(errc::too_large, concat("a line of the reply is larger than ", options.max_header_bytes, " bytes"));
    }
  }
  return parsed::more;
}

}  // namespace

awaitable<reply_outcome> read_reply(connection& c, reply_options options, deadline& limits) {
  std::optional<parser> p;
  prepare(p, options);
  reply_outcome out{http_response{}};
  std::size_t received = 0;
  for (;;) {
    const io_result r = co_await read_more(c.stream, c.buffer);
    co_await throw_if_cancelled();
    if (limits.expired()) {
      out.response = fail(errc::timeout, limits.describe());
      co_return out;
    }
    limits.touch(deadline::idle);
    received += r.bytes;
    if (r.bytes > 0) {
      const auto state = parse(p, c.buffer, options);
      if (!state) {
        out.response = state.error();
        co_return out;
      }
      if (*state == parsed::complete) break;
      if (!p->is_header_done() && received > options.max_header_bytes) {  // by interim replies without end
        out.response = refused(*p, http::error::header_limit, options);
        co_return out;
      }
    }
    if (!r.ec) continue;
    if (r.ec == asio::error::eof && p->is_header_done()) {
      error_code ec;
      p->put_eof(ec);
      if (!ec && p->is_done()) break;  // delimited by the end of the connection
    }
    out.untouched = received == 0;
    out.response = lost(*p, c.buffer, received, r.ec);
    co_return out;
  }
  out.reusable = p->keep_alive() && c.buffer.size() == 0 && c.stream.socket().is_open();
  finish(out, *p);
  co_return out;
}

}  // namespace corchestra::net
