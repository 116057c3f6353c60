#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/parse_query.hpp>
#include <boost/url/url_view.hpp>

#include <corchestra/base/text.hpp>

#include "net/cancellation.hpp"
#include "net/request_reader.hpp"

namespace corchestra::net {

namespace {

namespace http = boost::beast::http;
namespace urls = boost::urls;
using parser = http::request_parser<http::string_body>;

received_request refusal(int status, std::string_view reason) {
  received_request r;
  r.refusal = status;
  r.reason = reason;
  return r;
}

received_request refusal(const error_code& ec) {
  if (ec == http::error::body_limit) return refusal(413, "the request's body is too large");
  if (ec == http::error::header_limit) return refusal(431, "the request's header is too large");
  return refusal(400, "the request is not valid HTTP");
}

received_request accept(parser& p) {
  auto& message = p.get();
  const auto target = urls::parse_uri_reference(message.target());
  if (!target || !target->is_path_absolute()) return refusal(400, "the request's path is not valid");
  server_request request;
  request.method = message.method_string();
  request.path = target->path();
  if (target->has_query()) request.query = target->encoded_query();
  for (const auto& f : message) request.headers.add(std::string(f.name_string()), std::string(f.value()));
  request.body = std::move(message.body());
  received_request r;
  r.request = std::move(request);
  r.keep_alive = p.keep_alive();
  r.http_1_0 = message.version() == 10;
  return r;
}

}  // namespace

std::string server_request::query_value(std::string_view key) const {
  const auto parsed = urls::parse_query(query);
  if (!parsed) return {};
  for (const auto& param : *parsed) {
    const std::string name = param.key.decode({true});
    if (name == key) return param.value.decode({true});
  }
  return {};
}

awaitable<received_request> read_request(byte_stream& stream, boost::beast::flat_buffer& buffer,
                                         request_options options, deadline& limits) {
  parser p;
  p.eager(true);
  p.header_limit(static_cast<std::uint32_t>(options.max_header_bytes));
  p.body_limit(options.max_body_bytes);
  bool continued = false;
  for (;;) {
    while (buffer.size() > 0) {
      error_code ec;
      const std::size_t used = p.put(buffer.data(), ec);
      buffer.consume(used);
      if (ec && ec != http::error::need_more) co_return refusal(ec);
      if (p.is_done()) co_return accept(p);
      if (ec || used == 0) break;
    }
    if (buffer.size() > options.max_header_bytes + read_chunk)
      co_return refusal(431, "a line of the request is too large");
    if (p.is_header_done() && !continued && boost::beast::iequals(p.get()[http::field::expect], "100-continue")) {
      continued = true;
      const error_code ec = co_await stream.write("HTTP/1.1 100 Continue\r\n\r\n", {});
      if (ec) co_return received_request{};
    }
    const io_result r = co_await read_more(stream, buffer);
    co_await throw_if_cancelled();
    if (limits.expired()) co_return received_request{};
    if (r.ec) co_return received_request{};  // an unfinished request has nobody to be answered to
    limits.touch(deadline::idle);
  }
}

}  // namespace corchestra::net
