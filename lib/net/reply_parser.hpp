#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <string_view>

#include "net/reply_reader.hpp"

namespace corchestra::net {

/// Beast's parser of a reply, which keeps the fields as we give them and hands the body on as it arrives: to a sink
/// when the reply is a success and there is one, else to a string.
class reply_parser final : public boost::beast::http::basic_parser<false> {
 public:
  explicit reply_parser(const reply_options& options);

  http_response reply;
  std::size_t body_bytes = 0;
  std::optional<error> refused;  ///< what the sink returned

 private:
  using string_view = boost::beast::string_view;
  using error_code = boost::system::error_code;

  void on_request_impl(boost::beast::http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int status, string_view reason, int version, error_code& ec) override;
  void on_field_impl(boost::beast::http::field, string_view name, string_view value, error_code& ec) override;
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& ec) override;
  std::size_t on_body_impl(string_view bytes, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& ec) override {
    return on_body_impl(bytes, ec);
  }
  void on_finish_impl(error_code&) override {}

  const body_sink* sink_;
};

}  // namespace corchestra::net
