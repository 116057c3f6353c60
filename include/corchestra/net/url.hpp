#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra::net {

/// An absolute http or https URL, split (Boost.URL inside).
struct url {
  std::string scheme;  ///< `http` or `https`
  std::string host;    ///< name or IP literal, without brackets
  std::uint16_t port = 0;
  std::string path;    ///< begins with `/`; percent-encoded
  std::string query;   ///< without `?`; percent-encoded

  bool tls() const noexcept { return scheme == "https"; }
  bool loopback() const;        ///< localhost, 127.0.0.0/8 or ::1
  std::string origin() const;   ///< `scheme://host:port`
  std::string target() const;   ///< path and query, as in the request line
  std::string host_header() const;
  std::string to_string() const;
  /// The URL of `suffix` below this path: `http://h/v1` and `chat/completions` give `http://h/v1/chat/completions`.
  url below(std::string_view suffix) const;
};

/// Errors (`invalid_argument`) name what is wrong: scheme, user info (refused: it would leak), port, fragment.
result<url> parse_url(std::string_view text);

}  // namespace corchestra::net
