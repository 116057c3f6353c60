#pragma once

#include <optional>

#include <corchestra/net/http_server.hpp>

#include "net/byte_stream.hpp"
#include "net/deadline.hpp"

namespace corchestra::net {

struct request_options {
  std::size_t max_header_bytes = 64u << 10;
  std::size_t max_body_bytes = 0;
};

struct received_request {
  std::optional<server_request> request;  ///< none: `refusal`, or when that is 0 the connection just ends
  int refusal = 0;                        ///< status to answer with before closing
  std::string_view reason;                ///< for the refusal's body
  bool keep_alive = false;
  bool http_1_0 = false;
};

/// Reads one request; bytes after it stay in `buffer`. Answers `Expect: 100-continue`. The idle limit in `limits` is
/// restarted by every piece.
awaitable<received_request> read_request(byte_stream& stream, boost::beast::flat_buffer& buffer,
                                         request_options options, deadline& limits);

}  // namespace corchestra::net
