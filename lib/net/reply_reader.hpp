#pragma once

#include <string>

#include <corchestra/net/http_client.hpp>

#include "net/connection.hpp"
#include "net/deadline.hpp"

namespace corchestra::net {

struct reply_options {
  bool head_request = false;        ///< no body follows whatever the header says
  const body_sink* sink = nullptr;  ///< for a 2xx reply's body
  std::size_t max_header_bytes = 0;
  std::size_t max_body_bytes = 0;
};

struct reply_outcome {
  result<http_response> response;
  bool untouched = false;  ///< lost before any byte of the reply came
  bool reusable = false;   ///< complete, keep-alive, nothing left over
  duration keep_alive = duration::max();
};

/// Reads one reply. The idle limit in `limits` is restarted by every piece. Errors: `connection_lost`,
/// `protocol_error`, `too_large`, `timeout`, or the sink's.
awaitable<reply_outcome> read_reply(connection& c, reply_options options, deadline& limits);

}  // namespace corchestra::net
