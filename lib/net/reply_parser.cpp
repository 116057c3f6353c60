#include "net/reply_parser.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace corchestra::net {

reply_parser::reply_parser(const reply_options& options) : sink_(options.sink) {
  eager(true);
  skip(options.head_request);
  header_limit(static_cast<std::uint32_t>(options.max_header_bytes));
  body_limit(options.max_body_bytes);
}

void reply_parser::on_response_impl(int status, string_view, int, error_code&) {
  reply.status = status;
  reply.headers.reserve(8);
}

void reply_parser::on_field_impl(boost::beast::http::field, string_view name, string_view value, error_code&) {
  reply.headers.add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
}

void reply_parser::on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) {
  if (reply.status / 100 != 2) sink_ = nullptr;
  if (length && !sink_) reply.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 1u << 20)));
}

std::size_t reply_parser::on_body_impl(string_view bytes, error_code& ec) {
  const std::string_view piece(bytes.data(), bytes.size());
  if (!sink_) {
    reply.body += piece;
  } else if (!piece.empty()) {
    const auto accepted = (*sink_)(piece);
    if (!accepted) {
      refused = accepted.error();
      ec = boost::beast::http::error::end_of_stream;
      return 0;
    }
  }
  body_bytes += piece.size();
  return piece.size();
}

}  // namespace corchestra::net
