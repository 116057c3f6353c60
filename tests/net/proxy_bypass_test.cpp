#include <corchestra/net/proxy_bypass.hpp>

#include <catch2/catch_test_macros.hpp>

#include "net/raw_server.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;

TEST_CASE("hosts, domains, ports, addresses and blocks are reached without the proxy") {
  struct row {
    const char *list, *target;
    bool matches;
  };
  const row rows[] = {
      {"", "https://example.com", false},
      {"example.com", "https://example.com", true},
      {"example.com", "https://api.example.com", true},
      {"example.com", "https://badexample.com", false},
      {"example.com", "https://example.com.evil.org", false},
      {".example.com", "https://api.example.com", true},
      {".example.com", "https://example.com", true},
      {"*.example.com", "https://api.example.com", true},
      {"EXAMPLE.com.", "https://example.COM", true},
      {"com", "https://example.com", true},
      {"example.com:8443", "https://example.com:8443", true},
      {"example.com:8443", "https://example.com", false},
      {"example.com:443", "https://example.com", true},
      {"example.com:0,example.com:x,example.com:99999", "https://example.com", false},
      {"a.org, example.com", "http://example.com", true},
      {"a.org\texample.com", "http://example.com", true},
      {",,", "http://example.com", false},
      {"*", "http://example.com", true},
      {"a.org,*", "http://10.0.0.1", true},
      {"e*.com,.,[::1", "http://e.com", false},
      {"10.1.2.3", "http://10.1.2.3", true},
      {"10.1.2.3", "http://10.1.2.30", false},
      {"2.3", "http://10.1.2.3", false},
      {"10.1.2.3:80", "http://10.1.2.3", true},
      {"10.0.0.0/8", "http://10.255.0.1", true},
      {"10.9.9.9/8", "http://10.255.0.1", true},
      {"10.0.0.0/8", "http://11.0.0.1", false},
      {"0.0.0.0/0", "http://11.0.0.1", true},
      {"0.0.0.0/0", "http://[::1]", false},
      {"10.0.0.0/33,10.0.0.0/-1,10.0.0.0/x,x/8,/", "http://10.0.0.1", false},
      {"10.0.0.0/8", "http://ten.example", false},
      {"::1", "http://[::1]", true},
      {"[::1]", "http://[0:0:0:0:0:0:0:1]", true},
      {"[::1]:8080", "http://[::1]:8080", true},
      {"[::1]:8080", "http://[::1]", false},
      {"fe80::/10", "http://[fe80::5]", true},
      {"fe80::/10", "http://[2001::5]", false},
  };
  for (const auto& r : rows) {
    INFO(r.list << " for " << r.target);
    CHECK(proxy_bypass(r.list).matches(url_at(r.target)) == r.matches);
  }
}
