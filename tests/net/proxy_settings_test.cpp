#include <corchestra/net/proxy_settings.hpp>

#include <catch2/catch_test_macros.hpp>
#include <map>

#include "net/raw_server.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;

namespace {

using environment = std::map<std::string, std::string>;

result<proxy_settings> settings_of(const environment& e) {
  return proxy_settings::from_environment([&e](const std::string& name) -> std::optional<std::string> {
    const auto found = e.find(name);
    return found == e.end() ? std::nullopt : std::optional(found->second);
  });
}

std::string proxy_of(const environment& e, std::string_view target) {
  const auto settings = settings_of(e).value();
  const proxy_server* proxy = settings.of(parse_url(target).value());
  return proxy ? proxy->at.host : "";
}

}  // namespace

TEST_CASE("the environment names the proxies as it does for other programs") {
  struct row {
    const char* what;
    environment variables;
    std::string http, https;
  };
  const row rows[] = {
      {"nothing", {}, "", ""},
      {"https only", {{"https_proxy", "a"}}, "", "a"},
      {"https in capitals", {{"HTTPS_PROXY", "a"}}, "", "a"},
      {"small letters first", {{"HTTPS_PROXY", "a"}, {"https_proxy", "b"}}, "", "b"},
      {"empty is not set", {{"HTTPS_PROXY", "a"}, {"https_proxy", ""}}, "", "a"},
      {"http", {{"http_proxy", "a"}}, "a", ""},
      {"httpoxy", {{"HTTP_PROXY", "a"}}, "", ""},
      {"both", {{"http_proxy", "a"}, {"https_proxy", "b"}}, "a", "b"},
      {"all", {{"all_proxy", "a"}}, "a", "a"},
      {"all in capitals", {{"ALL_PROXY", "a"}}, "a", "a"},
      {"the special one first", {{"ALL_PROXY", "a"}, {"HTTPS_PROXY", "b"}}, "a", "b"},
      {"all of another kind, not used",
       {{"ALL_PROXY", "socks5://x"}, {"HTTPS_PROXY", "b"}, {"http_proxy", "a"}},
       "a",
       "b"},
      {"none for the host", {{"ALL_PROXY", "a"}, {"NO_PROXY", "h.example"}}, "", ""},
      {"none for another", {{"ALL_PROXY", "a"}, {"NO_PROXY", "i.example"}}, "a", "a"},
      {"no_proxy first", {{"ALL_PROXY", "a"}, {"NO_PROXY", "h.example"}, {"no_proxy", "x"}}, "a", "a"},
      {"none at all, whatever else is there", {{"ALL_PROXY", "socks5://x"}, {"NO_PROXY", "*"}}, "", ""},
  };
  for (const auto& r : rows) {
    INFO(r.what);
    CHECK(proxy_of(r.variables, "http://h.example") == r.http);
    CHECK(proxy_of(r.variables, "https://h.example") == r.https);
  }
}

TEST_CASE("targets on this machine are reached directly unless it is said otherwise") {
  for (const char* target : {"http://localhost:1", "http://127.0.0.1", "https://127.9.9.9", "https://[::1]:1"}) {
    INFO(target);
    CHECK(proxy_of({{"ALL_PROXY", "a"}}, target).empty());
    auto settings = settings_of({{"ALL_PROXY", "a"}}).value();
    settings.loopback = true;
    CHECK(settings.of(url_at(target)));
  }
}

TEST_CASE("a malformed variable is refused by its name, without the password") {
  struct row {
    environment variables;
    const char* message;
  };
  const row rows[] = {
      {{{"HTTPS_PROXY", "ftp://u:pw@h"}},
       "HTTPS_PROXY: expected [http://][USER[:PASSWORD]@]HOST[:PORT]: the scheme 'ftp' is not supported"},
      {{{"http_proxy", "http://u:pw@"}},
       "http_proxy: expected [http://][USER[:PASSWORD]@]HOST[:PORT]: URL 'http://': the host is missing"},
      {{{"all_proxy", "socks5://h"}},
       "all_proxy: expected [http://][USER[:PASSWORD]@]HOST[:PORT]: the scheme 'socks5' is not supported"},
  };
  for (const auto& r : rows) {
    const auto settings = settings_of(r.variables);
    REQUIRE_FALSE(settings);
    CHECK(settings.error().message == r.message);
  }
}
