#include "llm/hostile_endpoint.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

behaviour slow_down(std::string fields, std::string message, int requests = 1) {
  return {.name = fields,
          .reply = http_reply("429 Too Many Requests", R"({"error":{"message":"slow"}})",
                              "Content-Type: application/json\r\n" + fields),
          .code = errc::rate_limited,
          .message = "HTTP 429: slow; " + message,
          .requests = requests,
          .kept = true,
          .limits = [](openai_options& o, net::http_client_options&) { o.timeout = 20s; }};
}

}  // namespace

TEST_CASE("hostile server: every shape of Retry-After") {
  const auto late = [](std::string wait) { return "the next try, in " + wait + ", would come after the time limit"; };
  const auto too_long = [](std::string wait) {
    return "the server asks to wait " + wait + ", more than the 2 m 00 s that are waited at most";
  };
  const std::string again = "given up after 2 tries";  // nothing that is understood: tried again at once
  check_each({
      slow_down("Retry-After: 60\r\n", late("1 m 00 s")),
      slow_down("Retry-After: 60.5\r\n", late("1 m 00 s")),
      slow_down("retry-after:60\r\n", late("1 m 00 s")),
      slow_down("Retry-After: 120\r\n", late("2 m 00 s")),
      slow_down("Retry-After: 121\r\n", too_long("2 m 01 s")),
      slow_down("Retry-After: 3600\r\n", too_long("1 h 00 m")),
      slow_down("Retry-After: 1e300\r\n", too_long("8760 h 00 m")),
      slow_down("Retry-After: 999999999999999999999999999\r\n", too_long("8760 h 00 m")),
      slow_down("Retry-After-Ms: 60000\r\nRetry-After: 3600\r\n", late("1 m 00 s")),
      slow_down("Retry-After-Ms: nonsense\r\nRetry-After: 60\r\n", late("1 m 00 s")),
      slow_down("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n",
                late("1 m 00 s")),
      slow_down("Retry-After: Sun, 06 Nov 2994 08:49:37 GMT\r\n", too_long("8760 h 00 m")),
      slow_down("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", again, 2),
      slow_down("Retry-After: Sun, 99 Nov 2994 08:49:37 GMT\r\n", again, 2),
      slow_down("Retry-After: Sunday, 06-Nov-94 08:49:37 GMT\r\n", again, 2),
      slow_down("Retry-After: 0\r\n", again, 2),
      slow_down("Retry-After: -5\r\n", again, 2),
      slow_down("Retry-After: nan\r\n", again, 2),
      slow_down("Retry-After: inf\r\n", again, 2),
      slow_down("Retry-After: 0x3c\r\n", again, 2),
      slow_down("Retry-After: 60s\r\n", again, 2),
      slow_down("Retry-After: soon\r\n", again, 2),
      slow_down("Retry-After:\r\n", again, 2),
      slow_down("", again, 2),
  });
}

TEST_CASE("hostile server: refusals in every shape") {
  const std::string again = "; given up after 2 tries";
  const auto refusal = [](std::string status, std::string body, errc code, std::string message, int requests = 1,
                          std::string headers = "Content-Type: application/json\r\n") {
    return behaviour{.name = status + " " + body.substr(0, 40),
                     .reply = http_reply(status, body, headers),
                     .code = code,
                     .message = std::move(message),
                     .requests = requests,
                     .kept = true};
  };
  check_each({
      refusal("400 No", "", errc::bad_request, "HTTP 400: no explanation"),
      refusal("400 No", "null", errc::bad_request, "HTTP 400: null"),
      refusal("400 No", "[]", errc::bad_request, "HTTP 400: []"),
      refusal("400 No", R"({"error":null})", errc::bad_request, R"(HTTP 400: {"error":null})"),
      refusal("400 No", R"({"error":[[[]]]})", errc::bad_request, R"(HTTP 400: {"error":[[[]]]})"),
      refusal("400 No", R"({"error":{"message":{"a":1}}})", errc::bad_request,
              R"(HTTP 400: {"error":{"message":{"a":1}}})"),
      refusal("400 No", "\xff\xfe\x01", errc::bad_request, "HTTP 400: *"),
      refusal("400 No", std::string(100'000, '['), errc::bad_request, "HTTP 400: [[[*...", 1),
      refusal("401 No", R"({"error":"bad key"})", errc::authentication_failed, "HTTP 401: bad key"),
      refusal("402 Pay", "{}", errc::quota_exhausted, "HTTP 402: {}"),
      refusal("403 No", "<html><title>Blocked</title>", errc::permission_denied,
              "HTTP 403: an HTML page titled 'Blocked'"),
      refusal("404 No", "", errc::not_found,
              "HTTP 404: no explanation; check base_url (it usually ends in /v1) and the model"),
      refusal("407 Proxy", "", errc::bad_request, "HTTP 407: no explanation"),
      refusal("408 Late", "", errc::timeout, "HTTP 408: no explanation" + again, 2),
      refusal("413 Big", "", errc::bad_request, "HTTP 413: no explanation"),
      refusal("429 Quota", R"({"error":{"code":"insufficient_quota","message":"pay"}})", errc::quota_exhausted,
              "HTTP 429: pay (insufficient_quota)"),
      refusal("429 Quota", R"({"error":{"code":"insufficient_quota","message":"pay"}})", errc::quota_exhausted,
              "HTTP 429: pay (insufficient_quota)", 1, "x-should-retry: true\r\n"),
      refusal("500 Oh", "oh", errc::server_error, "HTTP 500: oh" + again, 2, "Content-Type: text/plain\r\n"),
      refusal("500 Oh", "oh", errc::server_error, "HTTP 500: oh", 1, "x-should-retry: false\r\n"),
      refusal("400 No", "no", errc::bad_request, "HTTP 400: no" + again, 2, "x-should-retry: true\r\n"),
      refusal("599 Oh", "", errc::server_error, "HTTP 599: no explanation" + again, 2),
      refusal("600 Oh", "", errc::server_error, "HTTP 600: no explanation" + again, 2),
      refusal("999 Oh", "", errc::server_error, "HTTP 999: no explanation" + again, 2),
      refusal("000 Oh", "", errc::invalid_reply, "HTTP 0: no explanation"),
  });
}

TEST_CASE("hostile server: rate limits in headers that are nonsense do no harm") {
  const std::string reply = reply_saying("Hi.").dump();
  for (const char* value : {"-1", "0", "nan", "1e300", "99999999999999999999", "soon", ""}) {
    DYNAMIC_SECTION(value) {
      std::string fields = "Content-Type: application/json\r\n";
      for (const char* name : {"limit-requests", "limit-tokens", "remaining-requests", "remaining-tokens",
                               "reset-requests", "reset-tokens"})
        fields += concat("x-ratelimit-", name, ": ", value, "\r\n");
      hostile_endpoint e({.reply = http_reply("200 OK", reply, fields)});
      e.options.limits.emplace();
      e.options.timeout = 10s;
      for (int i = 0; i < 3; ++i) CHECK(e.call(false));
      CHECK(e.asked == 3);
    }
  }
}
