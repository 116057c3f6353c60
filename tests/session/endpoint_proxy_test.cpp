#include "session/endpoint_proxy.hpp"

#include <catch2/catch_test_macros.hpp>

#include "net/proxy_fixture.hpp"
#include "session/endpoint.hpp"
#include "session/redaction.hpp"
#include "stage.hpp"

using namespace corchestra;
using tests::stage;

namespace {

using variables = std::map<std::string, std::string>;

std::string proxy_for(const settings& s) {
  const auto found = endpoint_proxy(s);
  if (!found) return found.error().message;
  const auto* proxy = found->of(net::parse_url(s.base_url).value());
  return proxy ? proxy->at.origin() : "none";
}

}  // namespace

TEST_CASE("the proxy of an endpoint is the setting's, else the environment's") {
  stage s;
  const std::string remote = "https://api.example/v1", local = "http://127.0.0.1:8080/v1";
  const variables all = {{"ALL_PROXY", "http://u:password@p:1"}, {"NO_PROXY", "x.example"}};
  struct row {
    std::string base_url, flag;
    variables environment;
    std::string proxy;
  };
  const row rows[] = {
      {remote, "", {}, "none"},
      {remote, "", all, "http://p:1"},
      {remote, "none", all, "none"},
      {remote, "http://q:2", all, "http://q:2"},
      {"https://x.example", "", all, "none"},
      {"https://x.example", "http://q:2", all, "none"},
      {local, "", all, "none"},
      {local, "", {{"ALL_PROXY", "socks5://p"}}, "none"},
      {local, "http://q:2", {}, "http://q:2"},
      {remote, "", {{"CORCHESTRA_PROXY", "q"}, {"HTTPS_PROXY", "p"}}, "http://q:80"},
      {remote, "", {{"CORCHESTRA_PROXY", "none"}, {"HTTPS_PROXY", "p"}}, "none"},
      {remote,
       "",
       {{"HTTPS_PROXY", "socks5://u:password@p"}},
       "HTTPS_PROXY: expected [http://][USER[:PASSWORD]@]HOST[:PORT]: the scheme 'socks5' is not supported"},
      {remote,
       "http://u:password@",
       {},
       "--proxy: expected [http://][USER[:PASSWORD]@]HOST[:PORT]: URL 'http://': the host is missing"},
      {remote,
       "",
       {{"CORCHESTRA_PROXY", "http://u:pass/word@p"}},
       "CORCHESTRA_PROXY: expected [http://][USER[:PASSWORD]@]HOST[:PORT]: user and password must be percent-encoded"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.base_url, r.flag, r.environment);
    variables flags = {{"endpoint.base_url", r.base_url}};
    if (!r.flag.empty()) flags["endpoint.proxy"] = r.flag;
    CHECK(proxy_for(s.settings(flags, r.environment)) == r.proxy);
  }
}

TEST_CASE("a proxy's password is in nothing that is shown") {
  stage s;
  const auto settings =
      s.settings({{"endpoint.base_url", "https://api.example"}, {"endpoint.proxy", "http://user:pass%40word@p:1"}},
                 {{"HTTPS_PROXY", "http://me:secretly@p:1"}});
  for (const setting& row : settings.table) {
    CHECK(row.value.find("pass") == std::string::npos);
    if (row.key == "endpoint.proxy") CHECK(row.value == "...@p:1");
  }
  const redactor hide = make_redactor(settings);
  CHECK(hide("user:pass@word http://user:pass%40word@p:1 http://me:secretly@p:1") ==
        "[redacted] [redacted]@p:1 [redacted]@p:1");
}

TEST_CASE("the endpoint's calls go through the proxy") {
  stage s;
  std::string asked;
  tests::raw_server proxy(s.context, [&](tests::raw_peer& peer, int) -> awaitable<void> {
    asked = co_await peer.message();
    co_await peer.send("HTTP/1.1 403 No\r\n\r\n");
  });
  const auto endpoint =
      open_endpoint(s.context.get_executor(),
                    s.settings({{"endpoint.base_url", "https://api.example"}, {"endpoint.model", "m"}},
                               {{"HTTPS_PROXY", proxy.base_url()}}),
                    {})
          .value();
  llm::chat_request request;
  request.messages.push_back({llm::role::user, "hello", {}, {}});
  const auto reply = tests::run(s.context, endpoint->complete(request));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().message == concat("https://api.example:443: the proxy ", proxy.base_url(), " refused: HTTP 403"));
  CHECK(asked == "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n");
}
