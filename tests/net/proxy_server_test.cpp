#include <corchestra/net/proxy_server.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;

TEST_CASE("a proxy is a host with or without scheme, port, user and password") {
  struct row {
    const char *text, *origin, *credentials;
  };
  const row rows[] = {
      {"http://proxy.example:3128", "http://proxy.example:3128", ""},
      {"http://proxy.example:3128/", "http://proxy.example:3128", ""},
      {"HTTP://Proxy.Example", "http://proxy.example:80", ""},
      {"proxy:8080", "http://proxy:8080", ""},
      {"proxy", "http://proxy:80", ""},
      {"[::1]:3128", "http://[::1]:3128", ""},
      {"http://user:pass@10.0.0.1:1", "http://10.0.0.1:1", "user:pass"},
      {"user@proxy", "http://proxy:80", "user:"},
      {"http://us%40er:p%3Aa%2Fss@proxy", "http://proxy:80", "us@er:p:a/ss"},
      {"http://user:a:b@proxy", "http://proxy:80", "user:a:b"},
  };
  for (const auto& r : rows) {
    INFO(r.text);
    const auto proxy = parse_proxy(r.text);
    REQUIRE(proxy);
    CHECK(proxy->at.origin() == r.origin);
    CHECK(proxy->credentials.reveal() == r.credentials);
  }
}

TEST_CASE("what is no proxy is refused with the reason, and never with the password") {
  const std::string expected = "expected [http://][USER[:PASSWORD]@]HOST[:PORT]: ";
  struct row {
    const char *text, *message;
  };
  const row rows[] = {
      {"socks5://u:pw@proxy:1080", "the scheme 'socks5' is not supported"},
      {"https://u:pw@proxy:443", "the scheme 'https' is not supported"},
      {"://proxy", "the scheme '' is not supported"},
      {"http://u:pw@", "URL 'http://': the host is missing"},
      {"http://u:pw@proxy:99999", "URL 'http://proxy:99999': the port '99999' is not within 1..65535"},
      {"http://u:pw@proxy:0", "URL 'http://proxy:0': the port '0' is not within 1..65535"},
      {"http://u:pw@proxy:pw2", "URL 'http://proxy:pw2': not an absolute http or https URL"},
      {"http://u:pw@proxy/path", "a proxy has no path"},
      {"http://u:pw@proxy?a", "a proxy has no path"},
      {"http://u:pw%@proxy", "user or password are not percent-encoded"},
      {"http://u:pw%0d@proxy", "user or password hold a control character"},
      {"http://u:p/pw@proxy", "user and password must be percent-encoded"},
      {"http://u:p@pw@proxy", "user and password must be percent-encoded"},
      {"http://u%3Ax:pw@proxy", "the user holds a colon"},
      {"", "URL 'http://': the host is missing"},
      {"a proxy", "URL 'http://a proxy': not an absolute http or https URL"},
  };
  for (const auto& r : rows) {
    INFO(r.text);
    const auto proxy = parse_proxy(r.text);
    REQUIRE_FALSE(proxy);
    CHECK(proxy.error().is(errc::invalid_argument));
    CHECK(proxy.error().message == expected + r.message);
  }
}
