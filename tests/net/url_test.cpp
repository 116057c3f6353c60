#include <catch2/catch_test_macros.hpp>

#include <corchestra/net/url.hpp>

#include "support/show.hpp"

using corchestra::errc;
using corchestra::net::parse_url;

TEST_CASE("a URL splits into its parts with defaults") {
  struct row {
    const char *text, *scheme, *host;
    std::uint16_t port;
    const char *target, *origin, *host_header;
  };
  const row rows[] = {
      {"http://h", "http", "h", 80, "/", "http://h:80", "h"},
      {"https://api.openai.com/v1", "https", "api.openai.com", 443, "/v1", "https://api.openai.com:443",
       "api.openai.com"},
      {"HTTP://Host.Example:8080/A?b=c&d", "http", "host.example", 8080, "/A?b=c&d", "http://host.example:8080",
       "host.example:8080"},
      {"http://127.0.0.1:80/", "http", "127.0.0.1", 80, "/", "http://127.0.0.1:80", "127.0.0.1"},
      {"http://[::1]:8000/v1/", "http", "::1", 8000, "/v1/", "http://[::1]:8000", "[::1]:8000"},
      {"https://h:/x", "https", "h", 443, "/x", "https://h:443", "h"},
      {"https://h:443", "https", "h", 443, "/", "https://h:443", "h"},
      {"https://h:80", "https", "h", 80, "/", "https://h:80", "h:80"},
      {"http://h?x=1", "http", "h", 80, "/?x=1", "http://h:80", "h"},
      {"http://h/a%20b/%C3%BC", "http", "h", 80, "/a%20b/%C3%BC", "http://h:80", "h"},
      {"http://my_service.local/", "http", "my_service.local", 80, "/", "http://my_service.local:80",
       "my_service.local"},
  };
  for (const auto& r : rows) {
    INFO(r.text);
    const auto u = parse_url(r.text);
    REQUIRE(u);
    CHECK(u->scheme == r.scheme);
    CHECK(u->host == r.host);
    CHECK(u->port == r.port);
    CHECK(u->target() == r.target);
    CHECK(u->origin() == r.origin);
    CHECK(u->host_header() == r.host_header);
    CHECK(u->to_string() == u->scheme + "://" + r.host_header + r.target);
    CHECK(u->tls() == (u->scheme == "https"));
  }
}

TEST_CASE("a bad URL is refused with the reason, and without its secrets") {
  struct row {
    const char *text, *message;
  };
  const row rows[] = {
      {"", "URL '': expected http://... or https://..."},
      {"api.openai.com/v1", "URL 'api.openai.com/v1': not an absolute http or https URL"},
      {"localhost:8000", "URL 'localhost:8000': the scheme is 'localhost', expected http or https"},
      {"ftp://h/", "URL 'ftp://h/': the scheme is 'ftp', expected http or https"},
      {"http:/h", "URL 'http:/h': the host is missing"},
      {"http:///v1", "URL 'http:///v1': the host is missing"},
      {"http://user:pw@h/?key=1", "URL '...@h/': user name and password do not belong in a URL"},
      {"http://u:p@bad host/", "URL '...@bad host/': not an absolute http or https URL"},
      {"http://h/#top", "URL 'http://h/': a fragment (#...) is not sent to a server"},
      {"http://h:99999/", "URL 'http://h:99999/': the port '99999' is not within 1..65535"},
      {"http://h:0/", "URL 'http://h:0/': the port '0' is not within 1..65535"},
      {"http://h:x/", "URL 'http://h:x/': not an absolute http or https URL"},
      {"http://h /", "URL 'http://h /': not an absolute http or https URL"},
      {"http://h/a b", "URL 'http://h/a b': not an absolute http or https URL"},
      {"http://h/\r\nX: y", "URL 'http://h/\\r\\nX: y': not an absolute http or https URL"},
      {"http://a%0d%0ab/", "URL 'http://a%0d%0ab/': the host 'a\\r\\nb' is not a name or an address"},
      {"http://[v1.x]/", "URL 'http://[v1.x]/': unknown kind of address"},
      {"http://[::1/", "URL 'http://[::1/': not an absolute http or https URL"},
  };
  for (const auto& r : rows) {
    INFO(r.text);
    const auto u = parse_url(r.text);
    REQUIRE_FALSE(u);
    CHECK(u.error().is(errc::invalid_argument));
    CHECK(u.error().message == r.message);
  }
}

TEST_CASE("a path is put below a base URL whatever the slashes") {
  struct row {
    const char *base, *suffix, *whole;
  };
  const row rows[] = {
      {"http://h", "models", "http://h/models"},
      {"http://h/v1", "chat/completions", "http://h/v1/chat/completions"},
      {"http://h/v1/", "/chat/completions", "http://h/v1/chat/completions"},
      {"https://h/d/x?api-version=2", "chat/completions", "https://h/d/x/chat/completions?api-version=2"},
  };
  for (const auto& r : rows) CHECK(parse_url(r.base)->below(r.suffix).to_string() == r.whole);
}

TEST_CASE("loopback addresses are known") {
  for (const char* text : {"http://localhost", "http://127.0.0.1", "http://127.9.8.7:1", "https://[::1]"}) {
    INFO(text);
    CHECK(parse_url(text)->loopback());
  }
  for (const char* text : {"http://128.0.0.1", "http://localhost.example", "http://[::2]"}) {
    INFO(text);
    CHECK_FALSE(parse_url(text)->loopback());
  }
}
